// How a product of panels is cut into tiles: as few and large ones as keep all threads equally busy.
#pragma once

#include <cstdint>

#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

struct PanelGrid {
  int64_t tile_rows = 0, tile_columns = 0;  // of all tiles but the last ones
  int64_t row_tiles = 0, column_tiles = 0;

  int64_t tiles() const { return row_tiles * column_tiles; }
};

// M, N, threads: at least 1.
PanelGrid choose_panel_grid(int64_t M, int64_t N, const PanelKernels& kernels, int threads);

}  // namespace convoy::cpu
