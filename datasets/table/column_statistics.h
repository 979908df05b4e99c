// Mean, deviation and range of each column, row by row: Welford, "Note on a method for calculating corrected sums of
// squares and products" (1962); of two parts together: Chan, Golub and LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances" (1979).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/data/dataset.h"

namespace convoy {

class StatisticsOfColumns {
 public:
  explicit StatisticsOfColumns(size_t columns = 0)
      : means_(columns), squares_(columns), least_(columns), most_(columns) {}

  void add(std::span<const float> row);
  // Those of the rows behind these. Parts that are put together in one order give the same bits.
  void add(const StatisticsOfColumns& later);
  int64_t rows() const { return rows_; }
  size_t columns() const { return means_.size(); }
  ColumnStatistics of(size_t column) const;

 private:
  int64_t rows_ = 0;
  std::vector<double> means_, squares_, least_, most_;
};

}  // namespace convoy
