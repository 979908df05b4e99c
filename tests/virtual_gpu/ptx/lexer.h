// PTX text to tokens.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace convoy::vgpu {

struct Token {
  enum Kind { Identifier, Number, String, Punctuation, End } kind;
  std::string text;  // of a String without its quotes
  int line;
  size_t position;  // of its first character in the text
};

// Comments are left out. Dots belong to identifiers (".reg", "ld.global.f32"); the last token is an End.
std::vector<Token> lex(const std::string& text);

// "ld.global.f32" -> {"ld", "global", "f32"}
std::vector<std::string> split_dots(const std::string& name);

}  // namespace convoy::vgpu
