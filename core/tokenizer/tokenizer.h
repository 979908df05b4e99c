// Text to tokens and back. datasets/tokenizers implements it; train and generate know only this.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace convoy {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  virtual int64_t vocabulary() const = 0;
  // UTF-8 in. Throws DataError naming the byte position if the text cannot be expressed.
  virtual std::vector<int32_t> encode(std::string_view text) const = 0;
  // UTF-8 out; bytes that are no UTF-8 yet are kept as they are.
  virtual std::string decode(const std::vector<int32_t>& tokens) const = 0;
  // Has the token bytes of its own? Numbers that no entry has, and marks that only steer, have none.
  virtual bool has_text(int32_t token) const { return token >= 0 && token < vocabulary(); }
  // -1: none. The token that separates documents.
  virtual int32_t end_of_text() const = 0;
  // The files a checkpoint or dataset keeps: name ("tokenizer.json" or "tokenizer.model") and content.
  virtual std::pair<std::string, std::string> file() const = 0;
};

}  // namespace convoy
