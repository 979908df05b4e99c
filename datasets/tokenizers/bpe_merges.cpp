#include "datasets/tokenizers/bpe_merges.h"

namespace convoy {
namespace {

constexpr int32_t kMergedAway = -1;

uint64_t key_of(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

}  // namespace

void BpeMerges::add(int32_t left, int32_t right, int32_t merged) {
  merges_.insert_or_assign(key_of(left, right), Merge{next_rank_++, merged});
}

const BpeMerges::Merge* BpeMerges::find(int32_t left, int32_t right) const {
  const auto place = merges_.find(key_of(left, right));
  return place == merges_.end() ? nullptr : &place->second;
}

void WordMerger::merge(std::vector<int32_t>& symbols) {
  const auto size = static_cast<int32_t>(symbols.size());
  previous_.resize(symbols.size());
  next_.resize(symbols.size());
  for (int32_t i = 0; i < size; ++i) {
    previous_[static_cast<size_t>(i)] = i - 1;
    next_[static_cast<size_t>(i)] = i + 1 < size ? i + 1 : -1;
  }
  for (int32_t i = 0; i + 1 < size; ++i) propose(i, symbols);
  while (!queue_.empty()) {
    const Candidate candidate = queue_.top();
    queue_.pop();
    apply(candidate, symbols);
  }
  std::erase(symbols, kMergedAway);
}

void WordMerger::propose(int32_t left, const std::vector<int32_t>& symbols) {
  const int32_t right = next_[static_cast<size_t>(left)];
  const auto* merge = merges_.find(symbols[static_cast<size_t>(left)], symbols[static_cast<size_t>(right)]);
  if (merge != nullptr) queue_.push({merge->rank, left, merge->token});
}

// A candidate whose symbols have changed since it was proposed is stale: its pair has another rank now, or none.
void WordMerger::apply(const Candidate& candidate, std::vector<int32_t>& symbols) {
  const auto left = static_cast<size_t>(candidate.left);
  if (symbols[left] == kMergedAway || next_[left] < 0) return;
  const auto right = static_cast<size_t>(next_[left]);
  const auto* merge = merges_.find(symbols[left], symbols[right]);
  if (merge == nullptr || merge->rank != candidate.rank) return;
  symbols[left] = candidate.token;
  symbols[right] = kMergedAway;
  next_[left] = next_[right];
  if (next_[left] >= 0) {
    previous_[static_cast<size_t>(next_[left])] = candidate.left;
    propose(candidate.left, symbols);
  }
  if (previous_[left] >= 0) propose(previous_[left], symbols);
}

}  // namespace convoy
