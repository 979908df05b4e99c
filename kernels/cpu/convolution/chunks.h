// How the pixels of a grid are cut into chunks, each computed by one thread at a time. By shapes alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/integers.h"
#include "core/ops/tap_grid.h"

namespace convoy::cpu {

// Rows are counted over all samples. Either columns are all there are, or there is one row.
struct PixelChunk {
  int64_t first_row, rows, first_column, columns;

  int64_t pixels() const { return rows * columns; }
};

class PixelChunks {
 public:
  // channels: of a source pixel. The sources of a chunk shall fit beside weights into the second-level cache, and the
  // results be many enough to be worth fetching the weights for.
  PixelChunks(const TapGrid& grid, int64_t channels) : all_rows_(grid.B * grid.rows.results) {
    constexpr int64_t kFloats = 32768, kLeastPixels = 48, kMostPixels = 192;
    const int64_t pixels = std::clamp(kFloats / std::max<int64_t>(1, channels), kLeastPixels, kMostPixels);
    all_columns_ = grid.columns.results;
    columns_ = all_columns_ <= 2 * pixels ? all_columns_ : ceil_div(all_columns_, ceil_div(all_columns_, pixels));
    rows_ = columns_ < all_columns_ ? 1 : std::max<int64_t>(1, pixels / std::max<int64_t>(1, columns_));
    const int64_t sample_rows = std::max<int64_t>(1, grid.rows.results);
    if (rows_ > sample_rows)
      rows_ = rows_ / sample_rows * sample_rows;
    else
      rows_ = ceil_div(sample_rows, ceil_div(sample_rows, rows_));
  }

  int64_t count() const { return row_chunks() * column_chunks(); }
  int64_t most_rows() const { return rows_; }
  int64_t most_columns() const { return columns_; }
  int64_t most_pixels() const { return rows_ * columns_; }
  PixelChunk at(int64_t index) const {
    const int64_t row = index / column_chunks() * rows_, column = index % column_chunks() * columns_;
    return {row, std::min(rows_, all_rows_ - row), column, std::min(columns_, all_columns_ - column)};
  }

 private:
  int64_t row_chunks() const { return ceil_div(all_rows_, rows_); }
  int64_t column_chunks() const { return columns_ == 0 ? 0 : ceil_div(all_columns_, columns_); }

  int64_t all_rows_, all_columns_ = 0, rows_ = 1, columns_ = 0;
};

}  // namespace convoy::cpu
