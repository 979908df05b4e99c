// What `predict` reads, by what the model's data was made from.
//
// To add a kind: a PredictionInput in datasets, and a line in open_input.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/data/prediction_input.h"
#include "datasets/table/table_input.h"

namespace convoy {

struct PredictOptions {
  TableInputOptions table;
};

// Throws CheckpointError if the model does not say how its samples are made, DataError if the input is not of that
// form.
std::unique_ptr<PredictionInput> open_prediction_input(const CheckpointReader& model,
                                                       const std::filesystem::path& input,
                                                       const PredictOptions& options);

}  // namespace convoy
