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

std::optional<AddedTokens::Found> AddedTokens::find(std::string_view text, size_t from, bool ends) const {
  if (tokens_.empty()) return std::nullopt;
  for (size_t position = from; position < text.size(); ++position)
    for (const size_t i : by_first_byte_[static_cast<unsigned char>(text[position])]) {
      const std::string& content = tokens_[i].content;
      const std::string_view rest = text.substr(position);
      if (rest.starts_with(content)) return Found{position, &tokens_[i]};
      if (!ends && std::string_view(content).starts_with(rest)) return Found{position, nullptr};
    }
  return std::nullopt;
}

AddedTokenCutter::AddedTokenCutter(const AddedTokens& tokens, VisitText visit_text, VisitToken visit_token)
    : tokens_(tokens), visit_text_(std::move(visit_text)), visit_token_(std::move(visit_token)) {}

void AddedTokenCutter::add(std::string_view text, bool ends) {
  if (pending_.empty()) {
    cut(text, ends);
  } else {
    std::string whole;
    whole.swap(pending_);  // cut() fills pending_ anew
    whole.append(text);
    cut(whole, ends);
  }
  if (ends) position_ = 0;
}

void AddedTokenCutter::cut(std::string_view text, bool ends) {
  size_t done = 0;
  while (const auto found = tokens_.find(text, done, ends)) {
    visit(text.substr(done, found->position - done), found->token != nullptr);
    done = found->position;
    if (found->token == nullptr) {
      pending_.assign(text.substr(done));
      return;
    }
    visit_token_(found->token->id);
    done += found->token->content.size();
    position_ += found->token->content.size();
  }
  visit(text.substr(done), ends);
}

void AddedTokenCutter::visit(std::string_view part, bool ends) {
  visit_text_(part, ends);
  position_ += part.size();
}

}  // namespace convoy
