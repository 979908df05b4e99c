// Text to tokens and back. datasets/tokenizers implements it; train and generate know only this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convoy {

// Makes the tokens of texts that come in parts: the same tokens wherever the parts are cut, even inside a character.
// Time grows with the text's length; memory is bounded. Use from one thread.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;

  // UTF-8 in. Appends the tokens that are certain, whatever follows. Throws DataError, naming the byte's position in
  // the text, if it cannot be expressed; the encoder is of no use then.
  virtual void add(std::string_view part, std::vector<int32_t>& tokens) = 0;
  // The text ends: appends the rest. What is added next begins another text.
  virtual void finish(std::vector<int32_t>& tokens) = 0;
};

// Thread safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual int64_t vocabulary() const = 0;
  // Not longer than the tokenizer lives.
  virtual std::unique_ptr<TextEncoder> make_encoder() const = 0;
  // The same, but special tokens that are spelled out in the text are text like any other: for what others have written.
  virtual std::unique_ptr<TextEncoder> make_plain_encoder() const { return make_encoder(); }
  // Tokens that steer and are no text, such as <|im_end|>: how they are spelled, and their numbers.
  virtual std::vector<std::pair<std::string, int32_t>> special_tokens() const { return {}; }
  std::vector<int32_t> encode(std::string_view text) const {
    std::vector<int32_t> tokens;
    const auto encoder = make_encoder();
    encoder->add(text, tokens);
    encoder->finish(tokens);
    return tokens;
  }
  // What the tokens from `first` on add to the text of those before them: text that is decoded token by token has the
  // bytes of text that is decoded at once. UTF-8; bytes that are no UTF-8, or none yet, are kept as they are.
  virtual std::string decode(const std::vector<int32_t>& tokens, size_t first) const = 0;
  std::string decode(const std::vector<int32_t>& tokens) const { return decode(tokens, 0); }
  // Has the token bytes of its own? Numbers that no entry has, and marks that only steer, have none.
  virtual bool has_text(int32_t token) const { return token >= 0 && token < vocabulary(); }
  // -1: none. The token that separates documents.
  virtual int32_t end_of_text() const = 0;
  // The files a checkpoint or dataset keeps: name ("tokenizer.json" or "tokenizer.model") and content.
  virtual std::pair<std::string, std::string> file() const = 0;
};

}  // namespace convoy
