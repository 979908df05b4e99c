// What people want to see of a dataset of arrays: how its classes are balanced, and its first samples, numbers as a
// table, images as pictures.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/data/batch_source.h"
#include "datasets/dataset_manifest.h"
#include "datasets/images/picture_text.h"

namespace convoy {

struct SampleView {
  Split split = Split::train;
  int64_t count = 5;  // 0: the balance of classes alone
  int64_t columns = 80;
  PictureStyle style = PictureStyle::shades;
  bool labels = false;   // of documents: which of their tokens count
  bool colours = false;  // the terminal has them
};

// For a terminal: names are readable(), pictures may hold escape sequences. Throws DataError: there is no such split,
// or what is shown is damaged.
std::string array_samples(const std::filesystem::path& folder, const DatasetManifest& manifest, const SampleView& view);

}  // namespace convoy
