// Byte-pair encoding: neighbouring symbols of a word are merged, the pair of lowest rank first, leftmost first.
// Sennrich, Haddow and Birch, arXiv:1508.07909.
#pragma once

#include <cstddef>
#include <cstdint>
#include <queue>
#include <unordered_map>
#include <vector>

namespace convoy {

class BpeMerges {
 public:
  // Merges are added in the order of their rank. Of two rules for one pair the later counts.
  void add(int32_t left, int32_t right, int32_t merged);
  bool empty() const { return merges_.empty(); }

  struct Merge {
    int32_t rank, token;
  };
  // Null: the pair does not merge.
  const Merge* find(int32_t left, int32_t right) const;

 private:
  std::unordered_map<uint64_t, Merge> merges_;
  int32_t next_rank_ = 0;
};

// Merges words, one after the other, in O(n log n) of a word's length. Keeps its buffers; use from one thread.
class WordMerger {
 public:
  explicit WordMerger(const BpeMerges& merges) : merges_(merges) {}
  // Symbols become tokens, in place.
  void merge(std::vector<int32_t>& symbols);

 private:
  struct Candidate {
    int32_t rank;
    int32_t left;                                   // position of the left symbol
    int32_t token;                                  // what the pair becomes
    bool operator<(const Candidate& other) const {  // the queue's top is its largest
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  void propose(int32_t left, const std::vector<int32_t>& symbols);
  void apply(const Candidate& candidate, std::vector<int32_t>& symbols);

  const BpeMerges& merges_;
  std::vector<int32_t> previous_, next_;  // a linked list over positions; -1: none
  std::priority_queue<Candidate> queue_;
};

}  // namespace convoy
