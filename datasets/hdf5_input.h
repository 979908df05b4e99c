// An HDF5 file to predict on: the datasets that a model's fields came from, by their paths.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/data/prediction_input.h"
#include "datasets/dataset_manifest.h"

namespace convoy {

// By its signature. Pipes are none. Throws DataError where it cannot be read.
bool is_hdf5_file(const std::filesystem::path& file);

// fields: those that the model reads. preprocessing: what the model has kept; where it says nothing of HDF5 files, or
// it is empty, a field is a dataset of its name. Each row brings its number, from 0, in the column `row`. Throws
// DataError as Hdf5Rows does.
std::unique_ptr<PredictionInput> open_hdf5_input(const std::filesystem::path& file,
                                                 const std::vector<StoredField>& fields,
                                                 const std::string& preprocessing);

}  // namespace convoy
