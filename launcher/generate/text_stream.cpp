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
  const std::string text = tokenizer_.decode(tokens_);
  const size_t whole = text.size() - unfinished_bytes(text);
  if (whole > written_) {
    write_(std::string_view(text).substr(written_, whole - written_));
    written_ = whole;
  }
  if (whole != text.size() || !text.ends_with('\n')) return;
  tokens_.clear();
  written_ = 0;
}

void TextStream::finish() {
  const std::string text = tokenizer_.decode(tokens_);
  if (text.size() > written_) write_(std::string_view(text).substr(written_));
  tokens_.clear();
  written_ = 0;
}

}  // namespace convoy
