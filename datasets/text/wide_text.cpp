#include "datasets/text/wide_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "core/base/utf8.h"

namespace convoy {
namespace {

using namespace std::string_view_literals;

// Unit i of a text of units of `bytes` bytes.
uint32_t unit_at(std::string_view text, size_t i, size_t bytes, bool big_endian) {
  uint32_t unit = 0;
  for (size_t b = 0; b < bytes; ++b) {
    const size_t place = i * bytes + (big_endian ? b : bytes - 1 - b);
    unit = unit << 8 | static_cast<unsigned char>(text[place]);
  }
  return unit;
}

bool is_text(uint32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r' || c == '\f';
  return c < 0xd800 || (c >= 0xf900 && c <= 0x10ffff && c != 0xfffe && c != 0xffff);
}
bool is_space(uint32_t c) { return c == ' ' || c == '\n' || c == 0x3000; }
bool is_surrogate(uint32_t c, uint32_t first) { return c >= first && c < first + 0x400; }

// Nearly all of it would be text, most of it ASCII or, unless it reads as UTF-8 as well, with the spaces or line ends
// that text has. Plain letters read as UTF-16 are characters too, Chinese ones.
bool reads_as(std::string_view text, size_t bytes, bool big_endian, bool needs_ascii) {
  const size_t units = text.size() / bytes;
  size_t good = 0, spaces = 0, plain = 0;
  for (size_t i = 0; i < units; ++i) {
    const uint32_t c = unit_at(text, i, bytes, big_endian);
    const bool pair = bytes == 2 && is_surrogate(c, 0xd800) && i + 1 < units &&
                      is_surrogate(unit_at(text, i + 1, bytes, big_endian), 0xdc00);
    if (pair) ++i, ++good;
    good += pair || is_text(c) ? 1 : 0;
    spaces += is_space(c) ? 1 : 0;
    plain += c >= 0x20 && c < 0x7f ? 1 : 0;
  }
  return units > 0 && good * 100 >= units * 99 && (plain * 2 >= units || (!needs_ascii && spaces * 200 >= units));
}

// Plain text with a stray zero.
bool reads_as_utf8(std::string_view text) {
  const auto is_control = [](unsigned char c) { return c > 0 && c < 0x07; };
  text.remove_suffix(unfinished_utf8_bytes(text));
  return !first_invalid_utf8(text) && std::count_if(text.begin(), text.end(), is_control) * 50 < std::ssize(text);
}

}  // namespace

std::optional<WideEncoding> wide_encoding_of(std::string_view text) {
  // The longer mark begins with the shorter one.
  if (text.starts_with("\xff\xfe\0\0"sv) || text.starts_with("\0\0\xfe\xff"sv)) return WideEncoding{"UTF-32", "utf-32"};
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) return WideEncoding{"UTF-16", "utf-16"};
  if (text.find('\0') == std::string_view::npos) return std::nullopt;
  const bool needs_ascii = reads_as_utf8(text);
  if (reads_as(text, 4, false, needs_ascii)) return WideEncoding{"UTF-32 without byte order mark", "utf-32le"};
  if (reads_as(text, 4, true, needs_ascii)) return WideEncoding{"UTF-32 without byte order mark", "utf-32be"};
  if (reads_as(text, 2, false, needs_ascii)) return WideEncoding{"UTF-16 without byte order mark", "utf-16le"};
  if (reads_as(text, 2, true, needs_ascii)) return WideEncoding{"UTF-16 without byte order mark", "utf-16be"};
  return std::nullopt;
}

}  // namespace convoy
