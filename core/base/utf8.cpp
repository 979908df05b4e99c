#include "core/base/utf8.h"

#include <algorithm>
#include <cstring>

namespace convoy {
namespace {

bool is_continuation(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Bytes of the character that this byte begins; 0: it begins none.
size_t length_of(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The second byte excludes overlong forms, surrogates and code points beyond U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return is_continuation(second);
  }
}

unsigned char byte_at(std::string_view text, size_t position) { return static_cast<unsigned char>(text[position]); }

}  // namespace

size_t skip_ascii(std::string_view text, size_t position) {
  for (; position + 8 <= text.size(); position += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + position, 8);
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return position;
}

size_t valid_utf8_length(std::string_view text, size_t position) {
  const unsigned char lead = byte_at(text, position);
  const size_t length = length_of(lead);
  if (length <= 1) return length;
  if (position + length > text.size() || !second_byte_fits(lead, byte_at(text, position + 1))) return 0;
  for (size_t i = 2; i < length; ++i)
    if (!is_continuation(byte_at(text, position + i))) return 0;
  return length;
}

std::optional<size_t> first_invalid_utf8(std::string_view text) {
  size_t position = 0;
  while (position < text.size()) {
    position = skip_ascii(text, position);
    if (position == text.size()) break;
    const size_t length = valid_utf8_length(text, position);
    if (length == 0) return position;
    position += length;
  }
  return std::nullopt;
}

size_t unfinished_utf8_bytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const unsigned char byte = byte_at(text, text.size() - back);
    if (!is_continuation(byte)) return length_of(byte) > back ? back : 0;
  }
  return 0;
}

char32_t next_code_point(std::string_view text, size_t& position) {
  const unsigned char lead = byte_at(text, position);
  const size_t length = length_of(lead);
  char32_t code_point = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) code_point = code_point << 6 | (byte_at(text, position + i) & 0x3Fu);
  position += length;
  return code_point;
}

std::string with_replaced_bytes(std::string_view text) {
  std::string valid;
  while (const auto position = first_invalid_utf8(text)) {
    valid += text.substr(0, *position);
    append_utf8(valid, U'\uFFFD');
    text.remove_prefix(*position + 1);
  }
  return valid.append(text);
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto append = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) return append(code_point);
  if (code_point < 0x800) {
    append(0xC0 | code_point >> 6);
  } else if (code_point < 0x10000) {
    append(0xE0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3F));
  } else {
    append(0xF0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3F));
    append(0x80 | (code_point >> 6 & 0x3F));
  }
  append(0x80 | (code_point & 0x3F));
}

}  // namespace convoy
