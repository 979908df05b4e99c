// Small pictures inside a page.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace convoy {

// pixels: height x width x channels, 1 (grey) or 3 (red, green, blue) of them.
struct Picture {
  std::span<const uint8_t> pixels;
  int64_t height = 0, width = 0, channels = 1;
};

// "data:image/png;base64,...": without compression, every second, third, ... pixel of one with more than 96 a side.
std::string png_data_uri(const Picture& picture);

}  // namespace convoy
