// A CSV file to predict on: its columns by name, its cells as the table's were that the model was trained on.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/prediction_input.h"
#include "datasets/table/table_encoder.h"
#include "datasets/table/table_form.h"

namespace convoy {

struct TableInputOptions {
  std::string delimiter = "auto", header = "auto";
  std::string unknown_category = "error";  // or "missing"
  std::string keep;                        // names of columns that the output repeats, with commas; "all"
  bool operator==(const TableInputOptions&) const = default;
};

// A file or a pipe, which is read once; several threads read ahead. A column that the model reads and the table lacks
// is a DataError with the nearest name; others are left alone, with a note, the target without one.
std::unique_ptr<PredictionInput> open_table_input(const std::filesystem::path& file, TableForm form,
                                                  const TableInputOptions& options);

}  // namespace convoy
