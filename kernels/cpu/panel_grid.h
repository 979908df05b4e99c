// How a product of panels is cut into tiles: as few and large ones as keep all threads equally busy.
#pragma once

#include <cstdint>

#include "kernels/cpu/product_grid.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

// M, N, threads: at least 1.
ProductGrid choose_panel_grid(int64_t M, int64_t N, bool b_transposed, const PanelKernels& kernels, int threads);

}  // namespace convoy::cpu
