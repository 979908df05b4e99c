// The one form of all pictures of a dataset, and how any picture is brought to it. A dataset's manifest keeps it, and
// so does every checkpoint (Dataset::files), so that what a trained model is shown is made as what it was trained on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/image.h"

namespace convoy {

// squeeze: each side to its length, whatever becomes of the proportions. crop: the largest part of these proportions
// from the middle. pad: all of it in the middle of black.
inline constexpr std::string_view kImageFits[] = {"squeeze", "crop", "pad"};
bool is_image_fit(std::string_view name);

struct ImageForm {
  int64_t height = 0, width = 0;  // 0: each as it is
  int64_t channels = 3;           // 1: grey, 3: red, green, blue
  std::string fit = "squeeze";
  bool operator==(const ImageForm&) const = default;
};

// As a dataset's manifest keeps it, in `preprocessing`: {"kind": "images", "field": "x", ...}.
std::string to_preprocessing(const std::string& field, const ImageForm& form);
struct ImageField {
  std::string name;
  ImageForm form;
};
// Throws DataError if the text is no such preprocessing.
ImageField image_field_from(const std::string& preprocessing);

struct PreparedImage {
  Image image;           // of the form
  bool is_grey = false;  // as it was stored
};

// A PNG or JPEG file in memory, upright as EXIF says, resized by resize_image.h. before_memory: see DecodeOptions; may
// be empty. Throws DataError without the file's name.
PreparedImage prepare_image(std::span<const std::byte> bytes, const ImageForm& form,
                            const std::function<void(int64_t)>& before_memory = {});

}  // namespace convoy
