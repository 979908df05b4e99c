#include "kernels/cpu/product/onednn_grid.h"

#include <algorithm>

#include "core/base/integers.h"

namespace convoy::cpu {
namespace {

// Measured on AVX2 and AVX-512: smaller tiles lose time packing the shared operand again and again, larger ones gain
// nothing.
constexpr int64_t kMostTileColumns = 768;  // and kMostTileRows
constexpr int64_t kLeastWork =
    1 << 20;                        // multiply-adds of a tile, some 20 us: below it threads cost more than they save
constexpr int64_t kManyTiles = 32;  // with so many, a last incomplete round costs little
constexpr int64_t kExtentMultiple = 16;  // one AVX-512 vector of f32

}  // namespace

ProductGrid choose_onednn_grid(int64_t M, int64_t N, int64_t K, int64_t most_rows) {
  int64_t row_tiles = std::max<int64_t>(1, ceil_div(M, most_rows));
  int64_t column_tiles = ceil_div(N, kMostTileColumns);
  if (column_tiles == 0) return {};
  const auto tiles = [&] { return row_tiles * column_tiles; };
  // A multiple of 4 tiles keeps 2 and 4 threads equally busy.
  while (tiles() < kManyTiles && tiles() % 4 != 0 && M * N / (tiles() + 1) * K >= kLeastWork)
    M / row_tiles >= N / column_tiles ? ++row_tiles : ++column_tiles;
  ProductGrid grid;
  grid.tile_rows = round_up(ceil_div(std::max<int64_t>(M, 1), row_tiles), kExtentMultiple);
  grid.tile_columns = round_up(ceil_div(N, column_tiles), kExtentMultiple);
  grid.row_tiles = std::max<int64_t>(1, ceil_div(M, grid.tile_rows));
  grid.column_tiles = ceil_div(N, grid.tile_columns);
  return grid;
}

}  // namespace convoy::cpu
