#include "datasets/images/exif_orientation.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace convoy {
namespace {

constexpr uint32_t kOrientationTag = 0x0112, kShortType = 3;
constexpr size_t kEntryBytes = 12;

class TiffNumbers {
 public:
  explicit TiffNumbers(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool has_header() const {
    return bytes_.size() >= 8 && bytes_[0] == bytes_[1] && (bytes_[0] == std::byte{'I'} || bytes_[0] == std::byte{'M'});
  }
  // size: bytes of the number. Absent: beyond the end.
  std::optional<uint32_t> at(size_t place, size_t size) const {
    if (place > bytes_.size() || bytes_.size() - place < size) return std::nullopt;
    const bool little = bytes_[0] == std::byte{'I'};
    uint32_t number = 0;
    for (size_t i = 0; i < size; ++i)
      number = number << 8 | std::to_integer<uint32_t>(bytes_[place + (little ? size - 1 - i : i)]);
    return number;
  }

 private:
  std::span<const std::byte> bytes_;
};

// Where the upright picture's row y and column x lie in the stored one of h x w.
std::pair<int64_t, int64_t> stored_place(int orientation, int64_t y, int64_t x, int64_t h, int64_t w) {
  switch (orientation) {
    case 2:
      return {y, w - 1 - x};
    case 3:
      return {h - 1 - y, w - 1 - x};
    case 4:
      return {h - 1 - y, x};
    case 5:
      return {x, y};
    case 6:
      return {h - 1 - x, y};
    case 7:
      return {h - 1 - x, w - 1 - y};
    default:
      return {x, w - 1 - y};
  }
}

}  // namespace

int exif_orientation(std::span<const std::byte> exif) {
  const TiffNumbers numbers(exif);
  if (!numbers.has_header()) return 1;
  const size_t directory = numbers.at(4, 4).value_or(0);
  const uint32_t entries = numbers.at(directory, 2).value_or(0);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    const auto tag = numbers.at(entry, 2);
    if (!tag) break;
    if (*tag != kOrientationTag || numbers.at(entry + 2, 2) != kShortType) continue;
    const uint32_t value = numbers.at(entry + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const bool swapped = swaps_sides(orientation);
  Image turned(swapped ? image.width : image.height, swapped ? image.height : image.width, image.channels);
  uint8_t* out = turned.bytes.data();
  for (int64_t y = 0; y < turned.height; ++y)
    for (int64_t x = 0; x < turned.width; ++x) {
      const auto [from_y, from_x] = stored_place(orientation, y, x, image.height, image.width);
      out = std::copy_n(image.row(from_y) + from_x * image.channels, image.channels, out);
    }
  return turned;
}

}  // namespace convoy
