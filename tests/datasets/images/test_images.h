// PNG and JPEG files in memory for tests, made without the decoders' own ways of writing: PNG by hand on zlib, JPEG by
// libjpeg.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datasets/images/image.h"

namespace convoy {

struct PngParts {
  uint32_t width = 0, height = 0;
  int bit_depth = 8, colour_type = 2;  // 0 grey, 2 colours, 3 palette, 4 grey and alpha, 6 colours and alpha
  std::string rows;                    // packed as PNG packs them, without filter bytes
  std::string before_data;             // whole chunks: PLTE, tRNS, eXIf
  bool interlaced = false;        // rows are those of all passes, each with the count of its bytes in pass_row_bytes
  std::vector<size_t> row_bytes;  // of each row in order; empty: all are as long
};
std::string png_chunk(const std::string& type, const std::string& data);
std::string png_of(const PngParts& parts);
// 8 bits, grey or colours.
std::string png_of(const Image& image);

struct JpegParts {
  int quality = 100;
  bool progressive = false;
  int orientation = 0;  // of EXIF; 0: no EXIF
  bool inks = false;    // four channels, as Adobe's programs write them
};
std::string jpeg_of(const Image& image, const JpegParts& parts = {});

// EXIF data with an orientation, from the TIFF header on.
std::string exif_with(int orientation, bool big_endian = false);

// Every pixel another, neighbours alike: JPEG keeps it.
Image smooth_image(int64_t height, int64_t width, int64_t channels);

}  // namespace convoy
