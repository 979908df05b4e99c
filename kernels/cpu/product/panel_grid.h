// How a product of panels is cut into tiles: as few and large ones as keep all threads equally busy.
#pragma once

#include <cstdint>

#include "kernels/cpu/product/grid.h"
#include "kernels/cpu/product/kernels.h"

namespace convoy::cpu {

// Position and size in c.
struct PanelTile {
  int64_t m, rows, n, columns;

  bool operator==(const PanelTile&) const = default;
};

// Steps of k in a block. Sums depend on it.
int64_t panel_inner_block(int64_t K);

// M, N, threads: at least 1.
ProductGrid choose_panel_grid(int64_t M, int64_t N, const PanelKernels& kernels, int threads);

// With the last tile of each thread cut into parts: while the slowest thread finishes, the others have something to do.
ProductGrid with_cut_end(const ProductGrid& grid, int threads, int64_t tile_parts);

// Without rows if it is a part that begins behind the last one.
PanelTile panel_tile(const ProductGrid& grid, int64_t M, int64_t N, const PanelKernels& kernels, int64_t index);

}  // namespace convoy::cpu
