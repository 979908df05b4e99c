#include "datasets/tokenizers/character_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "datasets/tokenizers/utf8_encoder.h"

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

class CharacterTokenizer::Encoder final : public Utf8Encoder {
 public:
  explicit Encoder(const CharacterTokenizer& tokenizer) : tokenizer_(tokenizer) {}

 private:
  void encode(std::string_view text, size_t begin, std::vector<int32_t>& tokens) override {
    const std::vector<int32_t>& token_of = tokenizer_.token_of_;
    tokens.reserve(tokens.size() + text.size());
    for (size_t position = 0; position < text.size();) {
      const size_t at = position;
      const char32_t character = next_code_point(text, position);
      const int32_t token = character < token_of.size() ? token_of[character] : -1;
      if (token < 0)
        throw DataError(
            fmt::format("character {} at byte {} of the text is not among the {} of the tokenizer's "
                        "vocabulary; leave it out, or import again with text that has it",
                        quoted(character), begin + at, tokenizer_.vocabulary()));
      tokens.push_back(token);
    }
  }
  void end(std::vector<int32_t>&) override {}

  const CharacterTokenizer& tokenizer_;
};

std::unique_ptr<TextEncoder> CharacterTokenizer::make_encoder() const { return std::make_unique<Encoder>(*this); }

std::string CharacterTokenizer::decode(const std::vector<int32_t>& tokens, size_t first) const {
  std::string text;
  for (size_t i = first; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocabulary())
      throw DataError(fmt::format("token {} cannot be decoded, wanted 0 to {}", tokens[i], vocabulary() - 1));
    append_utf8(text, characters_[static_cast<size_t>(tokens[i])]);
  }
  return text;
}

}  // namespace convoy
