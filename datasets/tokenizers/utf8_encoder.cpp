#include "datasets/tokenizers/utf8_encoder.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/utf8.h"

namespace convoy {

void Utf8Encoder::take(std::string_view text, std::vector<int32_t>& tokens) {
  if (text.empty()) return;
  if (const auto bad = first_invalid_utf8(text))
    throw DataError(fmt::format("byte {:#04x} at position {} of the text is no UTF-8; convert the text to UTF-8",
                                static_cast<unsigned char>(text[*bad]), position_ + *bad));
  encode(text, position_, tokens);
  position_ += text.size();
}

void Utf8Encoder::add(std::string_view part, std::vector<int32_t>& tokens) {
  while (!begun_.empty() && !part.empty() && unfinished_utf8_bytes(begun_) == begun_.size()) {
    begun_.push_back(part.front());
    part.remove_prefix(1);
  }
  if (!begun_.empty() && unfinished_utf8_bytes(begun_) != begun_.size()) {
    take(begun_, tokens);
    begun_.clear();
  }
  const size_t unfinished = unfinished_utf8_bytes(part);
  take(part.substr(0, part.size() - unfinished), tokens);
  begun_.append(part.substr(part.size() - unfinished));
}

void Utf8Encoder::finish(std::vector<int32_t>& tokens) {
  take(begun_, tokens);
  begun_.clear();
  end(tokens);
  position_ = 0;
}

}  // namespace convoy
