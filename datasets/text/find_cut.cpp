#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "core/base/files.h"
#include "datasets/text/text_files.h"

namespace convoy {
namespace {

constexpr int64_t kSearchedBytes = 1 << 16;  // on either side

std::string read_range(const TextFile& file, int64_t begin, int64_t end) {
  std::string text(static_cast<size_t>(end - begin), '\0');
  File::open(file.path).read(begin, std::as_writable_bytes(std::span(text)));
  return text;
}

bool is_within_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

int64_t find_cut(const TextFile& file, int64_t from) {
  if (from <= 0 || from >= file.bytes) return std::clamp<int64_t>(from, 0, file.bytes);
  const int64_t reach = std::min({kSearchedBytes, from, file.bytes - from});
  // The parts must both hold something: no cut at 0, none behind the last byte.
  const int64_t first = std::max<int64_t>(from - reach, 1), last = std::min(from + reach, file.bytes - 1);
  const std::string text = read_range(file, first - 1, std::min(file.bytes, last + 4));
  const auto is_line_end = [&](int64_t cut) {
    return cut >= first && cut <= last && text[size_t(cut - first)] == '\n';
  };
  for (int64_t distance = 0; distance <= reach; ++distance) {
    if (is_line_end(from + distance)) return from + distance;
    if (is_line_end(from - distance)) return from - distance;
  }
  size_t place = static_cast<size_t>(from - first) + 1;
  while (place < text.size() && is_within_character(text[place])) ++place;
  return first - 1 + static_cast<int64_t>(place);
}

}  // namespace convoy
