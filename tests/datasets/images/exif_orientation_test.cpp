#include "datasets/images/exif_orientation.h"

#include <gtest/gtest.h>

#include "datasets/images/image_form.h"
#include "tests/datasets/images/test_images.h"

namespace convoy {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(ExifOrientation, IsRead) {
  for (const bool big_endian : {false, true})
    for (int orientation = 1; orientation <= 8; ++orientation)
      EXPECT_EQ(exif_orientation(bytes_of(exif_with(orientation, big_endian))), orientation);
}

TEST(ExifOrientation, NonsenseIsUpright) {
  EXPECT_EQ(exif_orientation({}), 1);
  EXPECT_EQ(exif_orientation(bytes_of(exif_with(0))), 1);
  EXPECT_EQ(exif_orientation(bytes_of(exif_with(9))), 1);
  const std::string good = exif_with(6);
  for (size_t length = 0; length < good.size() - 6; ++length) exif_orientation(bytes_of(good.substr(0, length)));
  EXPECT_EQ(exif_orientation(bytes_of("XX" + good.substr(2))), 1);
  EXPECT_EQ(exif_orientation(bytes_of(good.substr(0, 4) + "\xff\xff\xff\xff" + good.substr(8))), 1);
}

// The letter F, as it looks, stored in each of the eight ways.
constexpr const char* kUpright =
    "###"
    "#.."
    "##."
    "#..";
const struct {
  int orientation;
  const char* stored;
  int64_t height, width;
} kStored[] = {
    {1, "####..##.#..", 4, 3}, {2, "###..#.##..#", 4, 3}, {3, "..#.##..####", 4, 3}, {4, "#..##.#..###", 4, 3},
    {5, "#####.#.#...", 3, 4}, {6, "#...#.#.####", 3, 4}, {7, "...#.#.#####", 3, 4}, {8, "####.#.#...#", 3, 4},
};

TEST(ExifOrientation, PicturesAreTurnedUpright) {
  for (const auto& way : kStored) {
    Image stored(way.height, way.width, 1);
    for (size_t i = 0; i < 12; ++i) stored.bytes[i] = static_cast<uint8_t>(way.stored[i]);
    const Image found = upright(stored, way.orientation);
    EXPECT_EQ(found.height, 4) << way.orientation;
    EXPECT_EQ(std::string(found.bytes.begin(), found.bytes.end()), kUpright) << way.orientation;
  }
}

TEST(ExifOrientation, FormIsThatOfTheUprightPicture) {
  const Image lying = smooth_image(20, 40, 3);
  const Image found = prepare_image(bytes_of(jpeg_of(lying, {.orientation = 6})), {40, 20, 3, "squeeze"}).image;
  EXPECT_EQ(found.height, 40);
  EXPECT_EQ(found.width, 20);
  const Image wanted = upright(lying, 6);
  for (size_t i = 0; i < wanted.bytes.size(); ++i) ASSERT_LE(std::abs(found.bytes[i] - wanted.bytes[i]), 3);
  std::string png = png_of(lying);
  png.insert(33, png_chunk("eXIf", exif_with(8)));  // behind the header
  EXPECT_EQ(prepare_image(bytes_of(png), {40, 20, 3, "squeeze"}).image.bytes, upright(lying, 8).bytes);
}

}  // namespace
}  // namespace convoy
