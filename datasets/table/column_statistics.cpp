#include "datasets/table/column_statistics.h"

#include <algorithm>
#include <cmath>

namespace convoy {

void StatisticsOfColumns::add(std::span<const float> row) {
  ++rows_;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Sums& sums = columns_[i];
    const double value = row[i], away = value - sums.mean;
    sums.mean += away / static_cast<double>(rows_);
    sums.squares += away * (value - sums.mean);
    sums.min = rows_ == 1 ? value : std::min(sums.min, value);
    sums.max = rows_ == 1 ? value : std::max(sums.max, value);
  }
}

ColumnStatistics StatisticsOfColumns::of(size_t column) const {
  const Sums& sums = columns_[column];
  return {sums.mean, rows_ == 0 ? 0 : std::sqrt(sums.squares / static_cast<double>(rows_)), sums.min, sums.max};
}

}  // namespace convoy
