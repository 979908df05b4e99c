// What every encoder begins with: parts become whole characters of valid UTF-8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/tokenizer.h"

namespace convoy {

class Utf8Encoder : public TextEncoder {
 public:
  void add(std::string_view part, std::vector<int32_t>& tokens) final;
  void finish(std::vector<int32_t>& tokens) final;

 protected:
  // Valid UTF-8, whole characters, not empty. position: of its first byte in the text.
  virtual void encode(std::string_view text, size_t position, std::vector<int32_t>& tokens) = 0;
  virtual void end(std::vector<int32_t>& tokens) = 0;

 private:
  void take(std::string_view text, std::vector<int32_t>& tokens);

  std::string begun_;    // bytes of a character whose rest is still to come
  size_t position_ = 0;  // of the text that comes next
};

}  // namespace convoy
