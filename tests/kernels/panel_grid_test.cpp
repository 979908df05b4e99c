// Tiles of a product of panels: they cover c, and every thread gets as much as the others.
#include "kernels/cpu/panel_grid.h"

#include <gtest/gtest.h>

#include "core/base/integers.h"

namespace convoy::test {
namespace {

TEST(PanelGrid, CoversEverything) {
  for (const int64_t M : {1, 7, 128, 500, 4096, 100000})
    for (const int64_t N : {1, 16, 65, 384, 1000, 50257})
      for (const int threads : {1, 2, 3, 16})
        for (const bool b_transposed : {false, true}) {
          const cpu::ProductGrid grid = cpu::choose_panel_grid(M, N, b_transposed, cpu::panel_kernels(), threads);
          EXPECT_EQ(grid.row_tiles, ceil_div(M, grid.tile_rows)) << M << " x " << N << ", " << threads;
          EXPECT_EQ(grid.column_tiles, ceil_div(N, grid.tile_columns)) << M << " x " << N << ", " << threads;
          EXPECT_EQ(grid.tile_rows % cpu::panel_kernels().strip_rows, 0);
          EXPECT_EQ(grid.tile_columns % cpu::panel_kernels().panel_columns, 0);
        }
}

// Products of a GPT of 384 channels: no thread may wait for another's second tile.
TEST(PanelGrid, KeepsThreadsBusy) {
  for (const auto& [M, N] : {std::pair{4096, 384}, {4096, 1152}, {4096, 1536}, {384, 1152}, {384, 1536}, {1536, 384}})
    for (const int threads : {2, 4, 8})
      for (const bool b_transposed : {false, true}) {
        const cpu::ProductGrid grid = cpu::choose_panel_grid(M, N, b_transposed, cpu::panel_kernels(), threads);
        const int64_t rounds = ceil_div<int64_t>(grid.tiles(), threads);
        const double busy =
            static_cast<double>(M * N) / static_cast<double>(rounds * threads * grid.tile_rows * grid.tile_columns);
        EXPECT_GT(busy, 0.85) << M << " x " << N << (b_transposed ? ", b transposed, " : ", ") << threads
                              << " threads: " << grid.row_tiles << " x " << grid.column_tiles << " tiles";
      }
}

}  // namespace
}  // namespace convoy::test
