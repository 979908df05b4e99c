#include "launcher/report/png.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr int64_t kMostPixels = 96;  // a side

void append_big_endian(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// The sum of PNG's chunks, ISO 3309.
uint32_t crc_of(std::string_view data) {
  uint32_t crc = ~0u;
  for (const char c : data) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

// That of zlib's streams, RFC 1950.
uint32_t adler_of(std::string_view data) {
  uint32_t a = 1, b = 0;
  for (const char c : data) {
    a = (a + static_cast<uint8_t>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

// A zlib stream of stored blocks.
std::string stored(std::string_view data) {
  constexpr size_t kMost = 65535;
  std::string out = "\x78\x01";
  const uint32_t sum = adler_of(data);
  do {
    const std::string_view block = data.substr(0, kMost);
    data.remove_prefix(block.size());
    const auto size = static_cast<uint16_t>(block.size());
    out.push_back(data.empty() ? 1 : 0);
    for (const uint16_t number : {size, static_cast<uint16_t>(~size)}) {
      out.push_back(static_cast<char>(number & 0xff));
      out.push_back(static_cast<char>(number >> 8));
    }
    out.append(block);
  } while (!data.empty());
  append_big_endian(out, sum);
  return out;
}

void append_chunk(std::string& out, std::string_view kind, const std::string& content) {
  append_big_endian(out, static_cast<uint32_t>(content.size()));
  const std::string summed = std::string(kind) + content;
  out += summed;
  append_big_endian(out, crc_of(summed));
}

std::string png(const Picture& picture, int64_t step) {
  const int64_t height = ceil_div(picture.height, step), width = ceil_div(picture.width, step);
  std::string lines;
  for (int64_t y = 0; y < height; ++y) {
    lines.push_back(0);  // no filter
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < picture.channels; ++c)
        lines.push_back(static_cast<char>(
            picture.pixels[static_cast<size_t>((y * step * picture.width + x * step) * picture.channels + c)]));
  }
  std::string header;
  append_big_endian(header, static_cast<uint32_t>(width));
  append_big_endian(header, static_cast<uint32_t>(height));
  header += {8, static_cast<char>(picture.channels == 3 ? 2 : 0), 0, 0, 0};
  std::string out = "\x89PNG\r\n\x1a\n";
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", stored(lines));
  append_chunk(out, "IEND", "");
  return out;
}

// RFC 4648.
std::string base64(std::string_view data) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < data.size(); i += 3) {
    const size_t count = std::min<size_t>(3, data.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? static_cast<uint8_t>(data[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out.push_back(k <= count ? kDigits[bits >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

}  // namespace

std::string png_data_uri(const Picture& picture) {
  const int64_t step = std::max<int64_t>(1, ceil_div(std::max(picture.height, picture.width), kMostPixels));
  return "data:image/png;base64," + base64(png(picture, step));
}

}  // namespace convoy
