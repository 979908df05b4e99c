#include "launcher/generate/text_stream.h"

#include <algorithm>

namespace convoy {

size_t unfinished_bytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0u) == 0x80u) continue;  // within a character
    const size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

void TextStream::add(int32_t token) {
  tokens_.push_back(token);
  kept_back_ += tokenizer_.decode(tokens_, tokens_.size() - 1);
  const size_t whole = kept_back_.size() - unfinished_bytes(kept_back_);
  if (whole > 0) write_(std::string_view(kept_back_).substr(0, whole));
  kept_back_.erase(0, whole);
}

void TextStream::finish() {
  if (!kept_back_.empty()) write_(kept_back_);
  kept_back_.clear();
  tokens_.clear();
}

}  // namespace convoy
