// Mean, deviation and range of each column, row by row: Welford, "Note on a method for calculating corrected sums of
// squares and products" (1962).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/data/dataset.h"

namespace convoy {

class StatisticsOfColumns {
 public:
  explicit StatisticsOfColumns(size_t columns) : columns_(columns) {}

  void add(std::span<const float> row);
  ColumnStatistics of(size_t column) const;

 private:
  struct Sums {
    double mean = 0, squares = 0, min = 0, max = 0;
  };
  int64_t rows_ = 0;
  std::vector<Sums> columns_;
};

}  // namespace convoy
