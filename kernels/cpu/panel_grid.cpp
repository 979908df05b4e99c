#include "kernels/cpu/panel_grid.h"

#include <algorithm>

#include "core/base/integers.h"

namespace convoy::cpu {
namespace {

// About: larger tiles share a packed block better, but leave threads waiting at the end. A transposed b is packed
// before it is multiplied, so that sharing counts for more.
constexpr int64_t kRows = 256, kRowsIfTransposed = 512;
constexpr int64_t kMostColumns = 384;  // with a block of k what a second-level cache holds
// What to read and pack an element adds to the strip that does it, in multiply-adds.
constexpr int64_t kPackingOfB = 4, kPackingOfA = 2;

ProductGrid cut(int64_t M, int64_t N, const PanelKernels& kernels, int64_t row_tiles, int64_t column_tiles) {
  ProductGrid grid;
  grid.tile_rows = round_up(ceil_div(M, row_tiles), kernels.strip_rows);
  grid.tile_columns = round_up(ceil_div(N, column_tiles), kernels.panel_columns);
  grid.row_tiles = ceil_div(M, grid.tile_rows);
  grid.column_tiles = ceil_div(N, grid.tile_columns);
  return grid;
}

// What the slowest thread does, in multiply-adds per step of k.
int64_t cost(const ProductGrid& grid, int threads) {
  const int64_t rounds = ceil_div<int64_t>(grid.tiles(), threads), rows = grid.tile_rows, columns = grid.tile_columns;
  return rounds * (rows * columns + kPackingOfB * columns + kPackingOfA * rows);
}

}  // namespace

ProductGrid choose_panel_grid(int64_t M, int64_t N, bool b_transposed, const PanelKernels& kernels, int threads) {
  const int64_t rows_of_tile = b_transposed ? kRowsIfTransposed : kRows;
  const int64_t least_rows = std::max<int64_t>(1, (M + rows_of_tile / 2 - 1) / rows_of_tile);
  const int64_t least_columns = ceil_div(N, kMostColumns);
  ProductGrid best = cut(M, N, kernels, least_rows, least_columns);
  for (int64_t rows = least_rows; rows < least_rows + threads; ++rows)
    for (int64_t columns = least_columns; columns < least_columns + threads; ++columns) {
      const ProductGrid grid = cut(M, N, kernels, rows, columns);
      if (cost(grid, threads) < cost(best, threads)) best = grid;
    }
  return best;
}

}  // namespace convoy::cpu
