// What metrics say: numbers and tables with names, in an order.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace convoy {

using NamedValues = std::vector<std::pair<std::string, double>>;

// As many rows as columns, both named by the labels.
struct Matrix {
  std::vector<std::string> labels;
  std::vector<double> cells;  // row by row

  size_t size() const { return labels.size(); }
  double at(size_t row, size_t column) const { return cells[row * size() + column]; }
  bool operator==(const Matrix&) const = default;
};

using NamedMatrices = std::vector<std::pair<std::string, Matrix>>;

struct MetricValues {
  NamedValues numbers;
  NamedMatrices matrices;
};

}  // namespace convoy
