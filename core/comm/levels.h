// How the ranks of a group exchange: not all with all but level by level, among few ranks at each.
//
// Rank r is a number with one digit a level, the first level's the lowest: r = d0 + q0 (d1 + q1 (d2 + ...)). The ranks
// of a level's group differ in that level's digit alone. At each level a buffer's part d goes to the rank with digit d,
// which adds what it has of its group and goes on with that part. So a rank ends with the part whose number has its
// digits in reverse, its place, and the sums are those of one exchange among all: neighbouring subtrees of the fixed
// tree (core/ops/reductions.h) join first. A ring's bytes in sum(q - 1) messages instead of ranks - 1, and nothing that
// leaves a node has not been added in the node before.
#pragma once

#include <vector>

namespace convoy {

class Levels {
 public:
  // One level.
  Levels(int ranks = 1) : sizes_{ranks} {}
  // Sizes of the levels, the nearest ranks' first. All but the last are powers of two, or sums would be others.
  explicit Levels(std::vector<int> sizes);
  Levels(std::initializer_list<int> sizes) : Levels(std::vector<int>(sizes)) {}

  const std::vector<int>& sizes() const { return sizes_; }
  int ranks() const;
  int place_of(int rank) const;
  bool operator==(const Levels&) const = default;

 private:
  std::vector<int> sizes_;
};

// Levels of 2 and 4 ranks for so many ranks, those of a node first where each node has node_ranks neighbours (1: the
// ranks are all on other nodes). What is left that is no power of two is the last level: an odd number of ranks, or its
// odd factor.
Levels levels_of(int ranks, int node_ranks);

}  // namespace convoy
