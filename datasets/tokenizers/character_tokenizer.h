// One token a Unicode character.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

class CharacterTokenizer final : public Tokenizer {
 public:
  // characters: by token. content: the tokenizer.json that holds them.
  CharacterTokenizer(std::vector<char32_t> characters, std::string content);

  int64_t vocabulary() const override { return static_cast<int64_t>(characters_.size()); }
  std::unique_ptr<TextEncoder> make_encoder() const override;
  std::string decode(const std::vector<int32_t>& tokens, size_t first) const override;
  int32_t end_of_text() const override { return -1; }
  std::pair<std::string, std::string> file() const override { return {"tokenizer.json", content_}; }

 private:
  class Encoder;

  std::vector<char32_t> characters_;
  std::vector<int32_t> token_of_;  // by code point; -1: none
  std::string content_;
};

}  // namespace convoy
