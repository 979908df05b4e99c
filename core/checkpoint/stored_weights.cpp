#include "core/checkpoint/stored_weights.h"

#include <algorithm>
#include <span>

namespace convoy {
namespace {

// Without a row in front of it: elements of the parameter's rows beyond the first extent.
int64_t row_elements(const ParameterSpec& parameter) { return parameter.shape.elements() / parameter.shape[0]; }

Shape shape_of(const ParameterSpec& parameter, const StoredPiece& piece) {
  std::vector<int64_t> extents(parameter.shape.begin(), parameter.shape.end());
  extents.front() = piece.rows;
  return Shape(std::span<const int64_t>(extents));
}

}  // namespace

std::vector<NamedTensor> stored_weights(const ParameterSpec& parameter, const Tensor& weight) {
  if (!parameter.is_saved()) return {};
  if (parameter.stored.empty()) return {{parameter.name, weight}};
  std::vector<NamedTensor> pieces;
  for (const StoredPiece& piece : parameter.stored) {
    Tensor rows{weight.data, weight.dtype, shape_of(parameter, piece)};
    if (weight.data != nullptr)
      rows.data = weight.as<std::byte>() +
                  static_cast<size_t>(piece.first_row * row_elements(parameter)) * size_of(weight.dtype);
    pieces.push_back({piece.name, rows, piece.transposed});
  }
  return pieces;
}

std::vector<std::pair<std::string, int64_t>> stored_places(const ParameterSpec& parameter) {
  if (!parameter.is_saved()) return {};
  if (parameter.stored.empty()) return {{parameter.name, 0}};
  std::vector<std::pair<std::string, int64_t>> places;
  for (const StoredPiece& piece : parameter.stored)
    places.emplace_back(piece.name, piece.first_row * row_elements(parameter));
  return places;
}

void read_stored_weights(const ParameterSpec& parameter, float* values, const ReadStored& read) {
  if (parameter.role == ParameterRole::setting) {
    std::ranges::copy(*parameter.initialisation.values, values);
    return;
  }
  if (parameter.stored.empty()) return read(parameter.name, {values, DType::f32, parameter.shape});
  std::vector<float> turned;
  for (const StoredPiece& piece : parameter.stored) {
    float* to = values + piece.first_row * row_elements(parameter);
    if (!piece.transposed) {
      read(piece.name, {to, DType::f32, shape_of(parameter, piece)});
      continue;
    }
    const int64_t columns = parameter.shape[1];
    turned.resize(static_cast<size_t>(piece.rows * columns));
    read(piece.name, {turned.data(), DType::f32, {columns, piece.rows}});
    for (int64_t r = 0; r < piece.rows; ++r)
      for (int64_t c = 0; c < columns; ++c) to[r * columns + c] = turned[static_cast<size_t>(c * piece.rows + r)];
  }
}

}  // namespace convoy
