// Small dataset folders of arrays: x (2) f32, row i is (i, i + 0.5); y () u16, i % 3, of three classes.
#pragma once

#include <cstdint>
#include <filesystem>

#include "datasets/dataset_manifest.h"

namespace convoy {

struct ToyArrays {
  int64_t train = 0, validation = 0, test = 0;  // rows, counted from 0 in each
  int64_t shard_rows = 1000;
};

DatasetManifest write_toy_arrays(const std::filesystem::path& folder, const ToyArrays& toy);

}  // namespace convoy
