#include "datasets/tokenizers/added_tokens.h"

#include <algorithm>
#include <utility>

namespace convoy {

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::erase_if(tokens_, [](const AddedToken& token) { return token.content.empty(); });
  std::stable_sort(tokens_.begin(), tokens_.end(),
                   [](const AddedToken& a, const AddedToken& b) { return a.content.size() > b.content.size(); });
  for (size_t i = 0; i < tokens_.size(); ++i)
    by_first_byte_[static_cast<unsigned char>(tokens_[i].content.front())].push_back(i);
}

std::optional<AddedTokens::Found> AddedTokens::find(std::string_view text, size_t from) const {
  if (tokens_.empty()) return std::nullopt;
  for (size_t position = from; position < text.size(); ++position)
    for (const size_t i : by_first_byte_[static_cast<unsigned char>(text[position])])
      if (text.substr(position).starts_with(tokens_[i].content)) return Found{position, &tokens_[i]};
  return std::nullopt;
}

int32_t AddedTokens::end_of_text() const {
  for (const std::string_view name : {"<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|eos|>"})
    for (const AddedToken& token : tokens_)
      if (token.content == name) return token.id;
  return -1;
}

}  // namespace convoy
