// The sum of host values by the fixed binary tree of TreeSum (core/ops/reductions.h): the left subtree takes the
// largest power of two below the number of values.
#pragma once

#include <bit>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace convoy {

inline double tree_sum(std::span<const double> values) {
  if (values.empty()) return 0;
  if (values.size() == 1) return values[0];
  const size_t left = std::bit_floor(values.size() - 1);
  return tree_sum(values.first(left)) + tree_sum(values.subspan(left));
}

// Column by column the same of rows that come one after the other, with room for one row a level of the tree.
class TreeSums {
 public:
  explicit TreeSums(size_t columns) : columns_(columns) {}

  void add(std::vector<double> row) {
    for (size_t before = rows_++; before % 2 == 1; before /= 2) {
      row = sum(subtrees_.back(), row);
      subtrees_.pop_back();
    }
    subtrees_.push_back(std::move(row));
  }
  std::vector<double> sums() const {
    if (subtrees_.empty()) return std::vector<double>(columns_);
    std::vector<double> right = subtrees_.back();
    for (size_t i = subtrees_.size() - 1; i-- > 0;) right = sum(subtrees_[i], right);
    return right;
  }

 private:
  static std::vector<double> sum(const std::vector<double>& left, const std::vector<double>& right) {
    std::vector<double> both(left.size());
    for (size_t i = 0; i < left.size(); ++i) both[i] = left[i] + right[i];
    return both;
  }

  size_t columns_, rows_ = 0;
  std::vector<std::vector<double>> subtrees_;  // of all rows, the largest first: sizes are powers of two
};

}  // namespace convoy
