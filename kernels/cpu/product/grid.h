// How a matrix product is cut into tiles for threads. K is never cut across tiles.
#pragma once

#include <cstdint>

namespace convoy::cpu {

struct ProductGrid {
  int64_t tile_rows = 0, tile_columns = 0;  // of all tiles but the last ones
  int64_t row_tiles = 0, column_tiles = 0;
  int64_t cut_tiles = 0, tile_parts = 1;  // the last so many are cut, each into parts of about as many rows

  // Those that are not cut come first.
  int64_t whole_tiles() const { return row_tiles * column_tiles - cut_tiles; }
  int64_t parts() const { return cut_tiles * tile_parts; }
  int64_t tiles() const { return whole_tiles() + parts(); }
  // Down the columns of tiles: neighbours in time share a block of b.
  int64_t row_of(int64_t tile) const { return tile % row_tiles; }
  int64_t column_of(int64_t tile) const { return tile / row_tiles; }
};

}  // namespace convoy::cpu
