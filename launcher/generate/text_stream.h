// Tokens to text as they come: prints what is whole, keeps back bytes of an unfinished UTF-8 character.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

// Bytes at the end of the text that begin a UTF-8 character without finishing it: 0 to 3.
size_t unfinished_bytes(std::string_view text);

// What is written, up to the end, are the bytes of all tokens decoded at once.
class TextStream {
 public:
  using Write = std::function<void(std::string_view)>;
  TextStream(const Tokenizer& tokenizer, Write write) : tokenizer_(tokenizer), write_(std::move(write)) {}

  void add(int32_t token);
  void finish();  // writes what was kept back, whole or not

 private:
  const Tokenizer& tokenizer_;
  Write write_;
  std::vector<int32_t> tokens_;  // of the whole text: a token's text may depend on those before it
  std::string kept_back_;
};

}  // namespace convoy
