#include "datasets/images/resize_image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "datasets/images/channel_sums.h"
#include "datasets/images/image_form.h"
#include "tests/datasets/images/test_images.h"

namespace convoy {
namespace {

Image resized(const Image& image, int64_t height, int64_t width) {
  return resize_part(image, {0, 0, image.height, image.width}, height, width);
}

Image speckled(int64_t height, int64_t width, int64_t channels) {
  Image image(height, width, channels);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        image.row(y)[x * channels + c] = static_cast<uint8_t>((y * 37 + x * 101 + c * 53 + x * y % 7 * 11) % 256);
  return image;
}

TEST(ResizeImage, OneColourStaysIt) {
  for (const auto& [height, width] : {std::pair{1, 1}, {3, 40}, {17, 5}, {64, 64}}) {
    Image image(13, 9, 3);
    for (size_t i = 0; i < image.bytes.size(); ++i) image.bytes[i] = std::array<uint8_t, 3>{255, 1, 77}[i % 3];
    const Image found = resized(image, height, width);
    for (size_t i = 0; i < found.bytes.size(); ++i)
      ASSERT_EQ(found.bytes[i], (std::array<uint8_t, 3>{255, 1, 77}[i % 3])) << height << " x " << width;
  }
}

// A triangle of twice two pixels: 1 3 3 1 of 8, at the border 3 3 1 of 7.
TEST(ResizeImage, HalfIsKnown) {
  Image image(1, 8, 1);
  image.bytes = {0, 80, 160, 240, 40, 8, 16, 24};
  const Image found = resized(image, 1, 4);
  EXPECT_EQ(found.bytes[0], (3 * 0 + 3 * 80 + 160 + 3) / 7);
  EXPECT_EQ(found.bytes[1], (80 + 3 * 160 + 3 * 240 + 40 + 4) / 8);
  EXPECT_EQ(found.bytes[2], (240 + 3 * 40 + 3 * 8 + 16 + 4) / 8);
  EXPECT_EQ(found.bytes[3], (8 + 3 * 16 + 3 * 24 + 3) / 7);
}

TEST(ResizeImage, DoubleIsBilinear) {
  Image image(2, 1, 1);
  image.bytes = {0, 100};
  EXPECT_EQ(resized(image, 4, 1).bytes, (std::vector<uint8_t>{0, 25, 75, 100}));
}

// Whole vectors of a row at once: no column may feel its neighbours.
TEST(ResizeImage, ColumnsOfWideRowsAreThoseAlone) {
  for (const auto& [width, to_height] : {std::pair{31, 9}, {32, 40}, {33, 9}, {107, 13}}) {
    const Image wide = speckled(23, width, 1), found = resized(wide, to_height, width);
    for (int64_t x = 0; x < width; ++x) {
      const Image alone = resize_part(wide, {0, x, 23, 1}, to_height, 1);
      for (int64_t y = 0; y < to_height; ++y) ASSERT_EQ(found.row(y)[x], alone.row(y)[0]) << x << " of " << width;
    }
  }
}

// Rows of an image are resized together: none may feel the others.
TEST(ResizeImage, RowsOfHighPicturesAreThoseAlone) {
  for (const int64_t channels : {1, 3})
    for (const auto& [height, to_width] : {std::pair{7, 11}, {8, 40}, {9, 11}, {29, 13}}) {
      const Image high = speckled(height, 27, channels), found = resized(high, height, to_width);
      for (int64_t y = 0; y < height; ++y) {
        const Image alone = resize_part(high, {y, 0, 1, 27}, 1, to_width);
        for (int64_t i = 0; i < to_width * channels; ++i) ASSERT_EQ(found.row(y)[i], alone.row(0)[i]) << y << ", " << i;
      }
    }
}

// As Pillow 12 resizes with BILINEAR, which rounds once more between its two passes.
TEST(ResizeImage, AsPillowDoes) {
  const struct {
    int64_t height, width, channels, to_height, to_width;
    std::vector<int> wanted;
  } cases[] = {
      {5, 7, 3, 3, 2, {95, 141, 156, 151, 131, 151, 132, 154, 132, 158, 119, 128, 135, 131, 166, 134, 96, 131}},
      {4, 5, 1, 7, 9, {0,   34,  90,  146, 202, 116, 58,  114, 148, 13,  48,  107, 124, 132, 98,  83,
                       142, 177, 34,  71,  134, 89,  19,  70,  124, 186, 223, 56,  95,  160, 112, 35,
                       100, 161, 205, 231, 77,  118, 186, 142, 68,  134, 190, 210, 221, 98,  141, 213,
                       172, 102, 147, 175, 142, 121, 111, 156, 230, 191, 123, 155, 166, 99,  58}},
      {9, 4, 3, 2, 8, {81,  130, 165, 99,  137, 161, 134, 151, 154, 139, 156, 148, 112, 151, 145, 113,
                       152, 134, 144, 159, 116, 159, 162, 107, 121, 113, 119, 120, 123, 130, 119, 143,
                       151, 126, 137, 145, 143, 104, 112, 147, 93,  106, 138, 103, 128, 134, 108, 139}},
  };
  for (const auto& of : cases) {
    const Image found = resized(speckled(of.height, of.width, of.channels), of.to_height, of.to_width);
    ASSERT_EQ(found.bytes.size(), of.wanted.size());
    for (size_t i = 0; i < of.wanted.size(); ++i)
      ASSERT_LE(std::abs(found.bytes[i] - of.wanted[i]), 1) << of.height << " x " << of.width << ", byte " << i;
  }
}

Image prepared(const Image& image, const std::string& fit, int64_t height, int64_t width) {
  const std::string file = png_of(image);
  return prepare_image(std::as_bytes(std::span(file)), {height, width, image.channels, fit}).image;
}

TEST(ImageForm, Fits) {
  const Image wide = speckled(4, 8, 1);
  EXPECT_EQ(prepared(wide, "squeeze", 4, 4).bytes, resized(wide, 4, 4).bytes);
  EXPECT_EQ(prepared(wide, "crop", 4, 4).bytes, resize_part(wide, {0, 2, 4, 4}, 4, 4).bytes);
  EXPECT_EQ(prepared(wide, "crop", 2, 2).bytes, resize_part(wide, {0, 2, 4, 4}, 2, 2).bytes);
  const Image padded = prepared(wide, "pad", 8, 8);
  for (int64_t x = 0; x < 8; ++x) {
    for (const int64_t y : {0, 1, 6, 7}) ASSERT_EQ(padded.row(y)[x], 0);
    for (int64_t y = 0; y < 4; ++y) ASSERT_EQ(padded.row(2 + y)[x], wide.row(y)[x]);
  }
  const Image high = speckled(6, 3, 1);
  EXPECT_EQ(prepared(high, "crop", 2, 2).bytes, resize_part(high, {1, 0, 3, 3}, 2, 2).bytes);
  EXPECT_EQ(prepared(high, "pad", 6, 6).row(0)[1], 0);
  EXPECT_EQ(prepared(high, "squeeze", 0, 0).bytes, high.bytes) << "no size wanted";
}

TEST(ImageForm, IsKeptAsText) {
  const ImageForm form{32, 48, 1, "pad"};
  const ImageField read = image_field_from(to_preprocessing("x", form));
  EXPECT_EQ(read.name, "x");
  EXPECT_EQ(read.form, form);
}

TEST(ChannelSums, AreThoseOfEachPixel) {
  for (const int64_t channels : {1, 3})
    for (const int64_t width : {1, 15, 16, 17, 70000}) {
      const Image image = speckled(1, width, channels);
      ChannelSums sums;
      sums.add(image.bytes.data(), width, channels);
      const std::vector<Column> found = sums.channels(channels);
      for (int64_t c = 0; c < channels; ++c) {
        double sum = 0, squares = 0, min = 255, max = 0;
        for (int64_t x = 0; x < width; ++x) {
          const double value = image.bytes[static_cast<size_t>(x * channels + c)];
          sum += value, squares += value * value;
          min = std::min(min, value), max = std::max(max, value);
        }
        const ColumnStatistics& of = *found[static_cast<size_t>(c)].statistics;
        const double mean = sum / static_cast<double>(width);
        EXPECT_DOUBLE_EQ(of.mean, mean);
        EXPECT_NEAR(of.deviation * of.deviation, squares / static_cast<double>(width) - mean * mean, 1e-6);
        EXPECT_EQ(of.min, min);
        EXPECT_EQ(of.max, max);
      }
    }
}

}  // namespace
}  // namespace convoy
