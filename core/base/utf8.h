// UTF-8: what is valid (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF), code points and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace convoy {

// Position of the first byte that does not begin a whole valid character; absent: all of the text is valid.
std::optional<size_t> first_invalid_utf8(std::string_view text);

// Bytes of the valid character at `position`; 0: none begins there.
size_t valid_utf8_length(std::string_view text, size_t position);

// Bytes at the end of the text that may be the beginning of a character whose rest is still to come: 0 to 3.
size_t unfinished_utf8_bytes(std::string_view text);

// The code point at `position` of valid text; moves `position` behind it.
char32_t next_code_point(std::string_view text, size_t& position);

// Behind as many whole groups of eight ASCII characters as follow `position`.
size_t skip_ascii(std::string_view text, size_t position);

// The text with U+FFFD in place of each byte that belongs to no character.
std::string with_replaced_bytes(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);

}  // namespace convoy
