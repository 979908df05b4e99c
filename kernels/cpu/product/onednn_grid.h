// How a product by oneDNN is cut into tiles.
#pragma once

#include <cstdint>

#include "kernels/cpu/product/grid.h"

namespace convoy::cpu {

inline constexpr int64_t kMostTileRows = 512;

// By shape alone: the tiles decide the order of sums inside it, so they may not depend on the number of
// threads. Without rows there is still one row of tiles, of height 0; without columns there are no tiles.
ProductGrid choose_onednn_grid(int64_t M, int64_t N, int64_t K, int64_t most_rows = kMostTileRows);

}  // namespace convoy::cpu
