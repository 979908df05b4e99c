#include "core/base/byte_text.h"

#include <fmt/format.h>

#include "core/base/utf8.h"

namespace convoy {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Does a byte written as four characters stand here?
bool is_written_byte(std::string_view text, size_t position) {
  return position + 4 <= text.size() && text[position] == '\\' && text[position + 1] == 'x' &&
         hex_digit(text[position + 2]) >= 0 && hex_digit(text[position + 3]) >= 0;
}

void write_byte(std::string& text, char byte) { text += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte)); }

// A terminal acts on these. A carriage return before a line end is part of it.
bool is_control(std::string_view text, size_t position) {
  const char c = text[position];
  if (c == '\n' || c == '\t') return false;
  if (c == '\r') return position + 1 == text.size() || text[position + 1] != '\n';
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Copies the text, with invalid bytes and those that is_special(text, position) names written out.
template <class IsSpecial>
std::string write_out(std::string_view bytes, IsSpecial&& is_special) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t valid = first_invalid_utf8(bytes).value_or(bytes.size());
    for (size_t i = 0; i < valid; ++i) is_special(bytes, i) ? write_byte(text, bytes[i]) : text.push_back(bytes[i]);
    if (valid < bytes.size()) write_byte(text, bytes[valid]);
    bytes.remove_prefix(std::min(valid + 1, bytes.size()));
  }
  return text;
}

}  // namespace

std::string text_of_bytes(std::string_view bytes) { return write_out(bytes, is_written_byte); }

std::string bytes_of_text(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_written_byte(text, i)) {
      bytes.push_back(text[i]);
      continue;
    }
    bytes.push_back(static_cast<char>(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3])));
    i += 3;
  }
  return bytes;
}

std::string readable(std::string_view bytes) { return write_out(bytes, is_control); }

}  // namespace convoy
