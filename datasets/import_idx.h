// IDX files, as MNIST comes in, to a dataset folder of arrays: `trainer data import-idx`.
//
// Fields: "x", the samples, bytes as they are: images (N, H, W) as (H, W, 1); and "y" () i32, the labels. Which files
// are samples and which labels their dimensions tell, which split they are of their names: t10k or test, val, all
// others train.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/split_samples.h"

namespace convoy {

struct ImportIdxOptions {
  std::vector<std::filesystem::path> inputs;  // files, also compressed by gzip, or folders that hold them
  std::filesystem::path out;
  std::string classes;       // names of 0, 1, 2, ... with commas between; empty: the numbers themselves
  SplitFractions fractions;  // of splits that have no files: of each class a fraction of what is trained on, by seed
  int64_t seed = 1;
  bool force = false;  // replace a dataset that is there
};

// The dataset is built hidden and takes its name when it is whole, see ImportFolder. In memory are 8 bytes a sample and
// a shard of each split. Throws DataError or, for impossible options, ConfigError.
ImportResult import_idx(const ImportIdxOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
