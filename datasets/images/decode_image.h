// PNG and JPEG files in memory to pixels, by libspng and libjpeg-turbo.
//
// Transparency is laid over white. Of 16 bits a channel the upper 8 stay. Grey becomes three equal channels; colours
// become grey by ITU-R BT.601: 0.299 red + 0.587 green + 0.114 blue. Gamma and colour profiles are not applied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "datasets/images/image.h"
#include "datasets/images/image_kind.h"

namespace convoy {

// More are refused: what a few bytes claim may be too much for any memory.
inline constexpr int64_t kMostPixels = int64_t{1} << 27;

struct DecodeOptions {
  int64_t channels = 3;  // 1 or 3
  // The sides that will be wanted of the whole picture as it is stored, 0: all of it. A JPEG image is decoded at a
  // half, quarter or eighth where that leaves both sides at least twice these.
  std::function<std::pair<int64_t, int64_t>(int64_t height, int64_t width)> wanted;
  // Told before so many bytes are taken; it may wait.
  std::function<void(int64_t bytes)> before_memory;
};

struct DecodedImage {
  Image image;
  int orientation = 1;   // of EXIF, not applied: 1 to 8
  bool is_grey = false;  // as it is stored
};

// Throws DataError without the file's name: "is a WebP image; ...", "is damaged: ...", "has 0 x 7 pixels; ...".
DecodedImage decode_image(std::span<const std::byte> bytes, const DecodeOptions& options);

// By kind.
DecodedImage decode_png(std::span<const std::byte> bytes, const DecodeOptions& options);
DecodedImage decode_jpeg(std::span<const std::byte> bytes, const DecodeOptions& options);

// Of colours from 0 to 255.
constexpr uint8_t grey_of(int red, int green, int blue) {
  return static_cast<uint8_t>((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

// Throws DataError unless there are 1 to kMostPixels.
void check_pixels(int64_t height, int64_t width);

}  // namespace convoy
