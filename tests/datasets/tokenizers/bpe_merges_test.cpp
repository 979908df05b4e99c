#include "datasets/tokenizers/bpe_merges.h"

#include <gtest/gtest.h>

#include <random>

namespace convoy {
namespace {

// The definition: again and again the leftmost of the pairs with the lowest rank.
std::vector<int32_t> merge_by_definition(const BpeMerges& merges, std::vector<int32_t> symbols) {
  while (true) {
    size_t best = symbols.size();
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto* merge = merges.find(symbols[i], symbols[i + 1]);
      if (merge == nullptr) continue;
      if (best == symbols.size() || merge->rank < merges.find(symbols[best], symbols[best + 1])->rank) best = i;
    }
    if (best == symbols.size()) return symbols;
    symbols[best] = merges.find(symbols[best], symbols[best + 1])->token;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

// Few symbols and many rules make every kind of stale candidate.
TEST(BpeMerges, EqualsTheDefinition) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    const int32_t alphabet = 2 + round % 4;
    BpeMerges merges;
    int32_t next = alphabet;
    for (int i = 0; i < 20; ++i) {
      const auto left = static_cast<int32_t>(random() % static_cast<uint32_t>(next));
      const auto right = static_cast<int32_t>(random() % static_cast<uint32_t>(next));
      merges.add(left, right, next++);
    }
    WordMerger merger(merges);
    for (size_t length = 0; length < 40; ++length) {
      std::vector<int32_t> symbols;
      for (size_t i = 0; i < length; ++i)
        symbols.push_back(static_cast<int32_t>(random() % static_cast<uint32_t>(alphabet)));
      const auto wanted = merge_by_definition(merges, symbols);
      merger.merge(symbols);
      ASSERT_EQ(symbols, wanted) << "round " << round << ", length " << length;
    }
  }
}

// A megabyte without a blank must not take quadratic time: this would be hours.
TEST(BpeMerges, LongWordsAreQuick) {
  BpeMerges merges;
  for (int32_t i = 0; i < 12; ++i) merges.add(i, i, i + 1);
  std::vector<int32_t> symbols(1 << 20, 0);
  WordMerger(merges).merge(symbols);
  EXPECT_EQ(symbols, std::vector<int32_t>(1 << 8, 12));
}

}  // namespace
}  // namespace convoy
