// Datasets of an HDF5 file, as users of h5py have them, to a dataset folder of arrays: `trainer data import-hdf5`.
//
// Fields: "x", the first dataset of --x, or where that names several each by the last part of its path; "y"; and those
// of
// --field. Bytes stay bytes and reals become f32. Other integers become i32, or f32 where --numbers names their field;
// of y they are the labels of --classes, else numbers. Of a dataset of one dimension a sample has the shape (1), of
// labels
// ().
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/split_samples.h"

namespace convoy {

struct ImportHdf5Options {
  std::vector<std::filesystem::path> inputs;  // one file
  std::filesystem::path out;
  // Paths of datasets, those of x with commas between; and for splits that the file has, theirs in the same order.
  std::string x, y, validation_x, validation_y, test_x, test_y;
  std::vector<std::string> fields;  // "NAME=PATH"
  std::string classes;       // empty: y holds numbers; "auto", how many there are, or their names with commas between
  std::string numbers;       // names of fields of integers, with commas between
  SplitFractions fractions;  // of splits that are not given: of each class a fraction, by seed
  int64_t seed = 1;
  bool force = false;  // replace a dataset that is there
};

// Streams: in memory are 8 bytes a row, the chunks of as many rows as a chunk has, and a shard of each split. The
// dataset is built hidden and takes its name when it is whole, see ImportFolder. Throws DataError or, for impossible
// options, ConfigError.
ImportResult import_hdf5(const ImportHdf5Options& options, const ImportProgressFunction& progress);

}  // namespace convoy
