#include "datasets/tokenizers/character_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "datasets/text/utf8.h"

namespace convoy {
namespace {

std::string quoted(char32_t character) {
  std::string text;
  append_utf8(text, character);
  return fmt::format("'{}' (U+{:04X})", text, static_cast<uint32_t>(character));
}

}  // namespace

CharacterTokenizer::CharacterTokenizer(std::vector<char32_t> characters, std::string content)
    : characters_(std::move(characters)), content_(std::move(content)) {
  const char32_t largest = *std::max_element(characters_.begin(), characters_.end());
  token_of_.assign(static_cast<size_t>(largest) + 1, -1);
  for (size_t i = 0; i < characters_.size(); ++i) token_of_[characters_[i]] = static_cast<int32_t>(i);
}

std::vector<int32_t> CharacterTokenizer::encode(std::string_view text) const {
  require_utf8(text);
  std::vector<int32_t> tokens;
  tokens.reserve(text.size());
  for (size_t position = 0; position < text.size();) {
    const size_t begin = position;
    const char32_t character = next_code_point(text, position);
    const int32_t token = character < token_of_.size() ? token_of_[character] : -1;
    if (token < 0)
      throw DataError(
          fmt::format("character {} at byte {} of the text is not among the {} of the tokenizer's "
                      "vocabulary; leave it out, or import again with text that has it",
                      quoted(character), begin, vocabulary()));
    tokens.push_back(token);
  }
  return tokens;
}

std::string CharacterTokenizer::decode(const std::vector<int32_t>& tokens) const {
  std::string text;
  for (const int32_t token : tokens) {
    if (token < 0 || token >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", token, vocabulary() - 1));
    append_utf8(text, characters_[static_cast<size_t>(token)]);
  }
  return text;
}

}  // namespace convoy
