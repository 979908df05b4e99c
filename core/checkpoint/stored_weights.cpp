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

namespace {

// What [begin, end) of the parameter has of a piece with rows and columns exchanged; values: of element `begin`.
void read_transposed(const ParameterSpec& parameter, const StoredPiece& piece, int64_t begin, int64_t end,
                     float* values, const ReadStoredRange& read) {
  const int64_t columns = parameter.shape[1];
  const int64_t first_row = begin / columns, last_row = (end + columns - 1) / columns, rows = last_row - first_row;
  const Shape shape{columns, piece.rows};
  const bool whole = rows == piece.rows;
  std::vector<float> turned(static_cast<size_t>(whole ? rows * columns : rows));
  if (whole) read(piece.name, shape, 0, rows * columns, turned.data());
  for (int64_t c = 0; c < columns; ++c) {
    if (!whole) read(piece.name, shape, c * piece.rows + first_row - piece.first_row, rows, turned.data());
    const float* const column = turned.data() + (whole ? c * rows : 0);
    for (int64_t r = first_row; r < last_row; ++r)
      if (const int64_t at = r * columns + c; at >= begin && at < end) values[at - begin] = column[r - first_row];
  }
}

}  // namespace

void read_stored_range(const ParameterSpec& parameter, int64_t begin, int64_t end, float* values,
                       const ReadStoredRange& read) {
  if (parameter.role == ParameterRole::setting) {
    std::copy_n(parameter.initialisation.values->begin() + begin, end - begin, values);
    return;
  }
  if (parameter.stored.empty()) return read(parameter.name, parameter.shape, begin, end - begin, values);
  for (const StoredPiece& piece : parameter.stored) {
    const int64_t piece_begin = piece.first_row * row_elements(parameter);
    const int64_t piece_end = piece_begin + piece.rows * row_elements(parameter);
    const int64_t first = std::max(begin, piece_begin), last = std::min(end, piece_end);
    if (first >= last) continue;
    float* const to = values + (first - begin);
    if (piece.transposed)
      read_transposed(parameter, piece, first, last, to, read);
    else
      read(piece.name, shape_of(parameter, piece), first - piece_begin, last - first, to);
  }
}

}  // namespace convoy
