// What `predict` reads: HDF5 files, told by their first bytes, and else what the model's data was made from.
//
// To add a kind: a PredictionInput in datasets, and a line in open_input.cpp.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "core/data/prediction_input.h"
#include "datasets/dataset_manifest.h"
#include "datasets/images/image_input.h"
#include "datasets/table/table_input.h"

namespace convoy {

struct PredictOptions {
  TableInputOptions table;
  ImageInputOptions images;
};

// fields: those that the model reads. Throws CheckpointError if the model does not say how its samples are made,
// DataError if the input is not of that form, UsageError if an option is of another kind of input.
std::unique_ptr<PredictionInput> open_prediction_input(const CheckpointReader& model,
                                                       const std::vector<StoredField>& fields,
                                                       const std::filesystem::path& input,
                                                       const PredictOptions& options);

}  // namespace convoy
