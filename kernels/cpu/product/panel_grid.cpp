#include "kernels/cpu/product/panel_grid.h"

#include <algorithm>

#include "core/base/integers.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kRows = 512;            // about: larger tiles share a packed block no better
constexpr int64_t kLeastRowsToCut = 128;  // into parts that still pay for packing b
constexpr int64_t kMostColumns = 384;     // with a block of k what a second-level cache holds
constexpr int64_t kInnerBlock = 384;      // of k: with the columns of a tile 576 KiB, what a second-level cache holds
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

int64_t panel_inner_block(int64_t K) { return round_up<int64_t>(ceil_div(K, ceil_div(K, kInnerBlock)), 16); }

ProductGrid choose_panel_grid(int64_t M, int64_t N, const PanelKernels& kernels, int threads) {
  const int64_t least_rows = std::max<int64_t>(1, (M + kRows / 2 - 1) / kRows);
  const int64_t least_columns = ceil_div(N, kMostColumns);
  ProductGrid best = cut(M, N, kernels, least_rows, least_columns);
  for (int64_t rows = least_rows; rows < least_rows + threads; ++rows)
    for (int64_t columns = least_columns; columns < least_columns + threads; ++columns) {
      const ProductGrid grid = cut(M, N, kernels, rows, columns);
      if (cost(grid, threads) < cost(best, threads)) best = grid;
    }
  return best;
}

ProductGrid with_cut_end(const ProductGrid& grid, int threads, int64_t tile_parts) {
  ProductGrid cut = grid;
  if (threads > 1 && grid.tile_rows >= kLeastRowsToCut) {
    cut.cut_tiles = std::min<int64_t>(threads, grid.tiles());
    cut.tile_parts = tile_parts;
  }
  return cut;
}

PanelTile panel_tile(const ProductGrid& grid, int64_t M, int64_t N, const PanelKernels& kernels, int64_t index) {
  const int64_t whole_tiles = grid.whole_tiles();
  int64_t tile = index, first = 0, rows = grid.tile_rows;
  if (index >= whole_tiles) {
    const int64_t part = (index - whole_tiles) % grid.tile_parts;
    const int64_t part_rows = round_up(ceil_div(grid.tile_rows, grid.tile_parts), kernels.strip_rows);
    tile = whole_tiles + (index - whole_tiles) / grid.tile_parts;
    first = part * part_rows;
    rows = std::min(part_rows, grid.tile_rows - first);
  }
  const int64_t m = grid.row_of(tile) * grid.tile_rows + first, n = grid.column_of(tile) * grid.tile_columns;
  return {m, std::max<int64_t>(0, std::min(rows, M - m)), n, std::min(grid.tile_columns, N - n)};
}

}  // namespace convoy::cpu
