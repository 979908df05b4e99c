#include "datasets/tokenizers/word_cache.h"

namespace convoy {
namespace {

constexpr size_t kLongestCachedWord = 64;
constexpr size_t kMostCachedWords = 1 << 18;

}  // namespace

std::optional<std::span<const int32_t>> WordCache::find(std::string_view word) const {
  if (word.size() > kLongestCachedWord) return std::nullopt;
  const auto place = ranges_.find(word);
  if (place == ranges_.end()) return std::nullopt;
  return std::span(tokens_).subspan(place->second.first, place->second.count);
}

void WordCache::add(std::string_view word, std::span<const int32_t> tokens) {
  if (word.size() > kLongestCachedWord || ranges_.size() >= kMostCachedWords) return;
  ranges_.emplace(word, Range{static_cast<uint32_t>(tokens_.size()), static_cast<uint32_t>(tokens.size())});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
}

}  // namespace convoy
