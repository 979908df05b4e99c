#include "datasets/images/decode_image.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "tests/datasets/expect_error.h"
#include "tests/datasets/images/test_images.h"

namespace convoy {
namespace {

DecodedImage decoded(const std::string& file, int64_t channels = 3) {
  DecodeOptions options;
  options.channels = channels;
  return decode_image(std::as_bytes(std::span(file)), options);
}
std::vector<int> pixels(const std::string& file, int64_t channels = 3) {
  const Image image = decoded(file, channels).image;
  return {image.bytes.begin(), image.bytes.end()};
}
std::string palette() { return png_chunk("PLTE", std::string("\x00\x00\x00\xff\x00\x00\x00\xff\x00\x0a\x14\x1e", 12)); }

PngParts two_by_one(int bit_depth, int colour_type, const std::string& rows) {
  return {.width = 2, .height = 1, .bit_depth = bit_depth, .colour_type = colour_type, .rows = rows};
}

TEST(DecodePng, EveryKindOfPixel) {
  EXPECT_EQ(pixels(png_of(two_by_one(8, 2, "\x01\x02\x03\xfd\xfe\xff"))), (std::vector<int>{1, 2, 3, 253, 254, 255}));
  EXPECT_EQ(pixels(png_of(two_by_one(8, 0, "\x07\xc8"))), (std::vector<int>{7, 7, 7, 200, 200, 200}));
  EXPECT_EQ(pixels(png_of(two_by_one(1, 0, "\x40")), 1), (std::vector<int>{0, 255}));
  EXPECT_EQ(pixels(png_of(two_by_one(2, 0, "\x60")), 1), (std::vector<int>{85, 170}));
  EXPECT_EQ(pixels(png_of(two_by_one(4, 0, "\x3f")), 1), (std::vector<int>{51, 255}));
  EXPECT_EQ(pixels(png_of(two_by_one(16, 0, std::string("\x12\x34\xff\x00", 4))), 1), (std::vector<int>{0x12, 0xff}));
  EXPECT_EQ(pixels(png_of(two_by_one(16, 2, std::string("\x10\x00\x20\x7f\x30\xff\x40\x00\x50\x00\x60\x00", 12)))),
            (std::vector<int>{0x10, 0x20, 0x30, 0x40, 0x50, 0x60}));
  PngParts indexed = two_by_one(2, 3, "\xd0");
  indexed.before_data = palette();
  EXPECT_EQ(pixels(png_of(indexed)), (std::vector<int>{10, 20, 30, 255, 0, 0}));
}

// Over white: 255 - alpha (255 - value) / 255.
TEST(DecodePng, TransparencyIsLaidOverWhite) {
  EXPECT_EQ(pixels(png_of(two_by_one(8, 6, std::string("\x64\x00\xff\x00\x64\x00\xff\x80", 8)))),
            (std::vector<int>{255, 255, 255, 177, 127, 255}));
  EXPECT_EQ(pixels(png_of(two_by_one(8, 4, std::string("\x00\xff\x00\x00", 4))), 1), (std::vector<int>{0, 255}));
  PngParts indexed = two_by_one(2, 3, "\xd0");
  indexed.before_data = palette() + png_chunk("tRNS", std::string("\xff\x00\xff\xff", 4));
  EXPECT_EQ(pixels(png_of(indexed)), (std::vector<int>{10, 20, 30, 255, 255, 255}));
  PngParts keyed = two_by_one(8, 0, "\x07\xc8");
  keyed.before_data = png_chunk("tRNS", std::string("\x00\x07", 2));
  EXPECT_EQ(pixels(png_of(keyed), 1), (std::vector<int>{255, 200}));
}

TEST(DecodePng, ColoursBecomeGrey) {
  EXPECT_EQ(pixels(png_of(two_by_one(8, 2, std::string("\xff\x00\x00\x0a\x64\xc8", 6))), 1),
            (std::vector<int>{76, 84}));  // 0.299 * 255; 0.299 * 10 + 0.587 * 100 + 0.114 * 200
  EXPECT_TRUE(decoded(png_of(two_by_one(8, 0, "\x07\xc8"))).is_grey);
  EXPECT_FALSE(decoded(png_of(two_by_one(8, 2, std::string("\xff\x00\x00\x0a\x64\xc8", 6)))).is_grey);
}

// Adam7 of 3 x 3: pass 1 has (0,0); of the others pass 4 (2,0), 5 (0,2) and (2,2), 6 (1,0) and (1,2), 7 row 1.
TEST(DecodePng, Interlaced) {
  PngParts parts{.width = 3, .height = 3, .bit_depth = 8, .colour_type = 0};
  parts.interlaced = true;
  parts.rows = std::string("\x00\x02\x14\x16\x01\x15\x0a\x0b\x0c", 9);
  parts.row_bytes = {1, 1, 2, 1, 1, 3};
  EXPECT_EQ(pixels(png_of(parts), 1), (std::vector<int>{0, 1, 2, 10, 11, 12, 20, 21, 22}));
}

TEST(DecodePng, DamageIsNamed) {
  const std::string good = png_of(smooth_image(20, 30, 3));
  EXPECT_DATA_ERROR(decoded(good.substr(0, good.size() / 2)), "is damaged: ");
  EXPECT_DATA_ERROR(decoded(good.substr(0, 20)), "is damaged: ");
  std::string flipped = good;
  flipped[good.size() / 2] ^= 0x10;
  EXPECT_DATA_ERROR(decoded(flipped), "is damaged: ");
  PngParts huge{.width = 100000, .height = 100000};
  EXPECT_DATA_ERROR(decoded(png_of(huge)), "has 100000 x 100000 pixels, more than the 134217728 that are read; shrink");
  PngParts nothing{.width = 0, .height = 7, .rows = ""};
  EXPECT_DATA_ERROR(decoded(png_of(nothing)), "is damaged: ");
}

void expect_near(const Image& found, const Image& wanted, int tolerance) {
  ASSERT_EQ(found.height, wanted.height);
  ASSERT_EQ(found.width, wanted.width);
  ASSERT_EQ(found.channels, wanted.channels);
  for (size_t i = 0; i < wanted.bytes.size(); ++i)
    ASSERT_LE(std::abs(found.bytes[i] - wanted.bytes[i]), tolerance) << "byte " << i;
}

TEST(DecodeJpeg, KeepsThePicture) {
  for (const bool progressive : {false, true})
    for (const int64_t channels : {1, 3}) {
      const Image image = smooth_image(37, 50, channels);
      const DecodedImage found = decoded(jpeg_of(image, {.progressive = progressive}), channels);
      expect_near(found.image, image, 3);
      EXPECT_EQ(found.is_grey, channels == 1);
      EXPECT_EQ(found.orientation, 1);
    }
}

TEST(DecodeJpeg, GreyOfColoursAndColoursOfGrey) {
  const Image colours = smooth_image(16, 16, 3);
  const Image grey = decoded(jpeg_of(colours), 1).image;
  for (int64_t i = 0; i < 256; ++i) {
    const uint8_t* of = colours.bytes.data() + 3 * i;
    ASSERT_LE(std::abs(grey.bytes[static_cast<size_t>(i)] - grey_of(of[0], of[1], of[2])), 3);
  }
  const Image three = decoded(jpeg_of(smooth_image(8, 8, 1)), 3).image;
  for (size_t i = 0; i < 64; ++i) {
    ASSERT_EQ(three.bytes[3 * i], three.bytes[3 * i + 1]);
    ASSERT_EQ(three.bytes[3 * i], three.bytes[3 * i + 2]);
  }
}

// As Adobe's programs write them 255 is none of an ink: (255, 128, 0) without black is red, half green, no blue.
TEST(DecodeJpeg, Inks) {
  Image inks(8, 8, 4), colours(8, 8, 3);
  for (size_t i = 0; i < 64; ++i) {
    for (size_t c = 0; c < 4; ++c) inks.bytes[4 * i + c] = std::array<uint8_t, 4>{255, 128, 0, 255}[c];
    for (size_t c = 0; c < 3; ++c) colours.bytes[3 * i + c] = std::array<uint8_t, 3>{255, 128, 0}[c];
  }
  expect_near(decoded(jpeg_of(inks, {.inks = true})).image, colours, 2);
}

TEST(DecodeJpeg, LargeOnesAreDecodedSmaller) {
  const std::string file = jpeg_of(smooth_image(160, 240, 3));
  DecodeOptions options;
  const auto sides_for = [&](int64_t height, int64_t width) {
    options.wanted = [=](int64_t, int64_t) { return std::pair{height, width}; };
    const Image image = decode_image(std::as_bytes(std::span(file)), options).image;
    return std::pair{image.height, image.width};
  };
  EXPECT_EQ(sides_for(10, 15), (std::pair<int64_t, int64_t>{20, 30}));
  EXPECT_EQ(sides_for(11, 15), (std::pair<int64_t, int64_t>{40, 60}));
  EXPECT_EQ(sides_for(40, 60), (std::pair<int64_t, int64_t>{80, 120}));
  EXPECT_EQ(sides_for(41, 60), (std::pair<int64_t, int64_t>{160, 240}));
}

TEST(DecodeJpeg, DamageIsNamed) {
  const std::string good = jpeg_of(smooth_image(64, 64, 3));
  EXPECT_DATA_ERROR(decoded(good.substr(0, good.size() / 2)), "is damaged: ");
  EXPECT_DATA_ERROR(decoded(good.substr(0, good.size() - 100)), "is damaged: ");
  EXPECT_DATA_ERROR(decoded(good.substr(0, 4)), "is damaged: ");
  EXPECT_NO_THROW(decoded(good + "and more"));
  // Some bytes between two segments leave the picture as it was.
  std::string extra = good;
  extra.insert(20, "\x01\x02\x03");  // behind JFIF's
  EXPECT_NO_THROW(decoded(extra));
}

TEST(DecodeImage, OtherFiles) {
  EXPECT_DATA_ERROR(decoded(""), "is empty");
  EXPECT_DATA_ERROR(decoded("a text"), "is no PNG or JPEG image");
  EXPECT_DATA_ERROR(decoded("GIF89a..."), "is a GIF image; wanted PNG or JPEG: convert it");
  EXPECT_DATA_ERROR(decoded("RIFF....WEBPVP8 "), "is a WebP image");
}

}  // namespace
}  // namespace convoy
