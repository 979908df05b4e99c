// A picture in memory: height x width x channels, row by row, a byte each, as the image layers have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace convoy {

struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> bytes;

  Image() = default;
  Image(int64_t h, int64_t w, int64_t c)
      : height(h), width(w), channels(c), bytes(static_cast<size_t>(h) * static_cast<size_t>(w * c)) {}

  int64_t row_bytes() const { return width * channels; }
  uint8_t* row(int64_t y) { return bytes.data() + y * row_bytes(); }
  const uint8_t* row(int64_t y) const { return bytes.data() + y * row_bytes(); }
};

}  // namespace convoy
