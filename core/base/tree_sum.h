// The sum of host values by the fixed binary tree of TreeSum (core/ops/reductions.h): the left subtree takes the
// largest power of two below the number of values.
#pragma once

#include <bit>
#include <cstddef>
#include <span>

namespace convoy {

inline double tree_sum(std::span<const double> values) {
  if (values.empty()) return 0;
  if (values.size() == 1) return values[0];
  const size_t left = std::bit_floor(values.size() - 1);
  return tree_sum(values.first(left)) + tree_sum(values.subspan(left));
}

}  // namespace convoy
