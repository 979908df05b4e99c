// The text of a chat template in parts: what is written as it stands, and the words of its tags.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::chat {

// What is asked for is not known here, or makes no sense: in words.
struct TemplateError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class WordKind : uint8_t { name, text, number, sign };
struct Word {
  WordKind kind = WordKind::sign;
  std::string text;
};

enum class PartKind : uint8_t { text, output, statement };  // output: {{ }}; statement: {% %}
struct TemplatePart {
  PartKind kind = PartKind::text;
  std::string text;         // of text
  std::vector<Word> words;  // of the others
};

// White space beside tags goes as transformers has it (trim_blocks, lstrip_blocks); comments are left out.
// Throws TemplateError.
std::vector<TemplatePart> template_parts(std::string_view text);

}  // namespace convoy::chat
