#include "tests/datasets/images/test_images.h"

#include <zlib.h>

#include <cstdio>
#include <cstdlib>

// After <cstdio>, of which it takes FILE.
#include <jpeglib.h>

namespace convoy {
namespace {

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string deflated(const std::string& data) {
  uLongf bytes = compressBound(data.size());
  std::string out(bytes, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &bytes, reinterpret_cast<const Bytef*>(data.data()), data.size());
  out.resize(bytes);
  return out;
}

}  // namespace

std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string covered = type + data;
  const uLong crc = crc32(0, reinterpret_cast<const Bytef*>(covered.data()), static_cast<uInt>(covered.size()));
  return big_endian(static_cast<uint32_t>(data.size())) + covered + big_endian(static_cast<uint32_t>(crc));
}

std::string png_of(const PngParts& parts) {
  std::string header = big_endian(parts.width) + big_endian(parts.height);
  for (const int value : {parts.bit_depth, parts.colour_type, 0, 0, parts.interlaced ? 1 : 0})
    header += static_cast<char>(value);
  std::string filtered;
  size_t begin = 0;
  const size_t rows = parts.row_bytes.empty() ? parts.height : parts.row_bytes.size();
  for (size_t y = 0; y < rows; ++y) {
    const size_t bytes = parts.row_bytes.empty() ? parts.rows.size() / parts.height : parts.row_bytes[y];
    filtered += '\0' + parts.rows.substr(begin, bytes);
    begin += bytes;
  }
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + parts.before_data + png_chunk("IDAT", deflated(filtered)) +
         png_chunk("IEND", "");
}

std::string png_of(const Image& image) {
  PngParts parts;
  parts.width = static_cast<uint32_t>(image.width);
  parts.height = static_cast<uint32_t>(image.height);
  parts.colour_type = image.channels == 1 ? 0 : 2;
  parts.rows.assign(image.bytes.begin(), image.bytes.end());
  return png_of(parts);
}

std::string jpeg_of(const Image& image, const JpegParts& parts) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);  // a test may exit
  jpeg_create_compress(&jpeg);
  unsigned char* memory = nullptr;
  unsigned long bytes = 0;
  jpeg_mem_dest(&jpeg, &memory, &bytes);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  jpeg.input_components = static_cast<int>(image.channels);
  jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : parts.inks ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, parts.quality, TRUE);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  if (parts.progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  if (parts.orientation > 0) {
    const std::string exif = std::string("Exif\0\0", 6) + exif_with(parts.orientation);
    jpeg_write_marker(&jpeg, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  }
  while (jpeg.next_scanline < jpeg.image_height) {
    JSAMPROW row = const_cast<uint8_t*>(image.row(jpeg.next_scanline));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string file(reinterpret_cast<char*>(memory), bytes);
  std::free(memory);
  return file;
}

std::string exif_with(int orientation, bool big) {
  const auto number = [&](uint32_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * (big ? bytes - 1 - i : i));
    return text;
  };
  // Two entries: the width of the picture before the orientation.
  return std::string(big ? "MM" : "II") + number(42, 2) + number(8, 4) + number(2, 2) + number(0x0100, 2) +
         number(3, 2) + number(1, 4) + number(7, 2) + number(0, 2) + number(0x0112, 2) + number(3, 2) + number(1, 4) +
         number(static_cast<uint32_t>(orientation), 2) + number(0, 2) + number(0, 4);
}

Image smooth_image(int64_t height, int64_t width, int64_t channels) {
  Image image(height, width, channels);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        image.row(y)[x * channels + c] =
            static_cast<uint8_t>(20 + 150 * y / height + (c == 1 ? 60 * (width - x) : 60 * x) / width + 5 * c);
  return image;
}

}  // namespace convoy
