// A folder of images by class to a dataset folder of arrays: `trainer data import-images`.
//
// Fields: "x" (H, W, channels) u8, with the statistics of each channel over the training split, and "y" () i32, the
// number of the class, with the classes' names. images/image_folder.h says which files there are and
// images/image_form.h what becomes of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "datasets/import_progress.h"
#include "datasets/split_samples.h"

namespace convoy {

struct ImportImagesOptions {
  std::vector<std::filesystem::path> inputs;  // one folder
  std::filesystem::path out;
  std::string size;             // "32x48", height and width, or "32"; empty: all images have one size, which stays
  std::string fit = "squeeze";  // image_form.h
  int64_t channels = 3;         // 1: grey, 3: colours
  // Of splits that are not given as folders: of each class a fraction, by seed.
  SplitFractions fractions;
  int64_t seed = 1;
  std::string damaged = "error";  // or "skip": what cannot be decoded is left out and named
  bool force = false;             // replace a dataset that is there
  int threads = 0;                // that decode; 0: as many as there are cores
};

// Images lie in the shards in an order drawn by the seed, so that the first samples of a split are of all classes.
// Files are told by what is in them: a PNG image called .jpg is read, with a note; a file that is no image is passed
// over unless its name says that it is one. The dataset is built hidden and takes its name when it is whole, see
// ImportFolder. In memory are some 100 bytes for each file, at most 1 GiB of images that are being decoded, and a shard
// of each split. Throws DataError or, for impossible options, ConfigError.
ImportResult import_images(const ImportImagesOptions& options, const ImportProgressFunction& progress);

}  // namespace convoy
