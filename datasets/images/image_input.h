// Pictures to predict on: a PNG or JPEG file, or all of a folder.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/data/prediction_input.h"
#include "datasets/images/image_form.h"

namespace convoy {

struct ImageInputOptions {
  std::string damaged = "error";  // or "skip": such a file gets no prediction
  bool operator==(const ImageInputOptions&) const = default;
};

// Of a folder all PNG and JPEG files, told by their content, also of folders below, sorted by path, as find_files_below
// finds them; other files are passed over with a note. Each brings its path, seen from the folder, in the column
// `file`. Several threads decode ahead. Throws DataError: no such file, one that cannot be decoded, or no image in the
// folder.
std::unique_ptr<PredictionInput> open_image_input(const std::filesystem::path& path, const ImageField& field,
                                                  const ImageInputOptions& options);

}  // namespace convoy
