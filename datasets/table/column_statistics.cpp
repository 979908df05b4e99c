#include "datasets/table/column_statistics.h"

#include <algorithm>
#include <cmath>

namespace convoy {

void StatisticsOfColumns::add(std::span<const float> row) {
  if (rows_ == 0) {
    std::copy(row.begin(), row.end(), least_.begin());
    std::copy(row.begin(), row.end(), most_.begin());
  }
  ++rows_;
  const auto rows = static_cast<double>(rows_);
  double *means = means_.data(), *squares = squares_.data(), *least = least_.data(), *most = most_.data();
  for (size_t i = 0; i < row.size(); ++i) {
    const double value = row[i], away = value - means[i];
    means[i] += away / rows;
    squares[i] += away * (value - means[i]);
    least[i] = std::min(least[i], value);
    most[i] = std::max(most[i], value);
  }
}

void StatisticsOfColumns::add(const StatisticsOfColumns& later) {
  if (later.rows_ == 0) return;
  if (rows_ == 0) {
    *this = later;
    return;
  }
  const auto here = static_cast<double>(rows_), there = static_cast<double>(later.rows_), all = here + there;
  for (size_t i = 0; i < means_.size(); ++i) {
    const double away = later.means_[i] - means_[i];
    means_[i] += away * there / all;
    squares_[i] += later.squares_[i] + away * away * here * there / all;
    least_[i] = std::min(least_[i], later.least_[i]);
    most_[i] = std::max(most_[i], later.most_[i]);
  }
  rows_ += later.rows_;
}

ColumnStatistics StatisticsOfColumns::of(size_t column) const {
  return {means_[column], rows_ == 0 ? 0 : std::sqrt(squares_[column] / static_cast<double>(rows_)), least_[column],
          most_[column]};
}

}  // namespace convoy
