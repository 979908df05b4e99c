// Names of files are bytes, and a message may hold any of them; JSON, YAML, HTML, logs and terminals want UTF-8.
//
// Everywhere the same: a byte that belongs to no character of UTF-8 is written as four, `caf\xe9`.
#pragma once

#include <string>
#include <string_view>

namespace convoy {

// Any bytes as UTF-8, and back. A backslash that would read as such a byte is itself written as one, `\x5c`; every
// other stands for itself, so that names of valid UTF-8 are, but for these, their own text.
std::string text_of_bytes(std::string_view bytes);
std::string bytes_of_text(std::string_view text);

// For people, not to be read back: backslashes stay, and control characters that would move the cursor or colour the
// terminal are written as bytes too. Line ends and tabs stay.
std::string readable(std::string_view bytes);

}  // namespace convoy
