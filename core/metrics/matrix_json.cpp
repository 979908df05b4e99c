#include "core/metrics/matrix_json.h"

#include <cmath>
#include <cstdint>

namespace convoy {
namespace {

// Counts without a fraction, as people count.
nlohmann::ordered_json cell_json(double cell) {
  if (std::abs(cell) < 0x1p53 && cell == std::trunc(cell)) return static_cast<int64_t>(cell);
  return cell;
}

}  // namespace

nlohmann::ordered_json matrix_json(const Matrix& matrix) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (size_t row = 0; row < matrix.size(); ++row) {
    nlohmann::ordered_json cells = nlohmann::ordered_json::array();
    for (size_t column = 0; column < matrix.size(); ++column) cells.push_back(cell_json(matrix.at(row, column)));
    rows.push_back(std::move(cells));
  }
  return rows;
}

std::optional<Matrix> matrix_from(const nlohmann::ordered_json& json) {
  Matrix matrix;
  for (size_t row = 0; row < json.size(); ++row) {
    if (!json[row].is_array() || json[row].size() != json.size()) return std::nullopt;
    matrix.labels.push_back(std::to_string(row));
    for (const auto& cell : json[row]) {
      if (!cell.is_number()) return std::nullopt;
      matrix.cells.push_back(cell.get<double>());
    }
  }
  return matrix;
}

}  // namespace convoy
