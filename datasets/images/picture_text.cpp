#include "datasets/images/picture_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "datasets/images/decode_image.h"
#include "datasets/images/resize_image.h"

namespace convoy {
namespace {

constexpr std::string_view kShades = " .:-=+*#%@";

struct Colour {
  int red = 0, green = 0, blue = 0;
};

// Black below the last row.
Colour pixel_of(const Image& image, int64_t y, int64_t x) {
  if (y >= image.height) return {};
  const uint8_t* pixel = image.row(y) + x * image.channels;
  return image.channels == 3 ? Colour{pixel[0], pixel[1], pixel[2]} : Colour{pixel[0], pixel[0], pixel[0]};
}

Image shown_channels(const Image& image) {
  if (image.channels == 1 || image.channels == 3) return image;
  Image first(image.height, image.width, 1);
  for (size_t i = 0; i < first.bytes.size(); ++i) first.bytes[i] = image.bytes[i * static_cast<size_t>(image.channels)];
  return first;
}

std::string half_blocks(const Colour& above, const Colour& below) {
  return fmt::format("\x1b[38;2;{};{};{};48;2;{};{};{}m\u2580", above.red, above.green, above.blue, below.red,
                     below.green, below.blue);
}

char shade_of(const Colour& above, const Colour& below) {
  const int grey = (grey_of(above.red, above.green, above.blue) + grey_of(below.red, below.green, below.blue)) / 2;
  return kShades[static_cast<size_t>(grey) * kShades.size() / 256];
}

}  // namespace

std::string picture_text(const Image& given, PictureStyle style, int64_t columns) {
  Image image = shown_channels(given);
  if (image.width > columns)
    image = resize_part(image, {0, 0, image.height, image.width},
                        std::max<int64_t>(1, image.height * columns / image.width), columns);
  std::string text;
  for (int64_t y = 0; y < image.height; y += 2) {
    for (int64_t x = 0; x < image.width; ++x) {
      const Colour above = pixel_of(image, y, x);
      const bool is_last = y + 1 == image.height;
      const Colour below = is_last && style == PictureStyle::shades ? above : pixel_of(image, y + 1, x);
      if (style == PictureStyle::colours)
        text += half_blocks(above, below);
      else
        text += shade_of(above, below);
    }
    text += style == PictureStyle::colours ? "\x1b[0m\n" : "\n";
  }
  return text;
}

}  // namespace convoy
