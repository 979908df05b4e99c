// Tiles of a product of panels: they cover c, and every thread gets as much as the others.
#include "kernels/cpu/product/panel_grid.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/base/integers.h"

namespace convoy::test {
namespace {

constexpr int64_t kUnit = 8;  // divides strips and panels of AVX-512; those of AVX2 are counted one by one

// Of each element of c, in units where tiles begin at such, how many tiles it lies in.
void expect_each_once(const cpu::ProductGrid& grid, int64_t M, int64_t N, int64_t unit) {
  std::vector<int> times(static_cast<size_t>(ceil_div(M, unit) * ceil_div(N, unit)));
  for (int64_t index = 0; index < grid.tiles(); ++index) {
    const cpu::PanelTile tile = cpu::panel_tile(grid, M, N, cpu::panel_kernels(), index);
    ASSERT_GE(tile.rows, 0);
    ASSERT_EQ(tile.m % unit, 0);
    ASSERT_EQ(tile.n % unit, 0);
    for (int64_t m = tile.m; m < tile.m + tile.rows; m += unit)
      for (int64_t n = tile.n; n < tile.n + tile.columns; n += unit)
        ++times[static_cast<size_t>(m / unit * ceil_div(N, unit) + n / unit)];
  }
  for (const int count : times) ASSERT_EQ(count, 1);
}

TEST(PanelGrid, CoversEverything) {
  for (const int64_t M : {1, 7, 128, 500, 4096, 100000})
    for (const int64_t N : {1, 16, 65, 384, 1000, 50257})
      for (const int threads : {1, 2, 3, 16}) {
        const cpu::ProductGrid grid = cpu::choose_panel_grid(M, N, cpu::panel_kernels(), threads);
        EXPECT_EQ(grid.row_tiles, ceil_div(M, grid.tile_rows)) << M << " x " << N << ", " << threads;
        EXPECT_EQ(grid.column_tiles, ceil_div(N, grid.tile_columns)) << M << " x " << N << ", " << threads;
        EXPECT_EQ(grid.tile_rows % cpu::panel_kernels().strip_rows, 0);
        EXPECT_EQ(grid.tile_columns % cpu::panel_kernels().panel_columns, 0);
      }
}

TEST(PanelGrid, CoversEachElementOnce) {
  const int64_t unit = cpu::panel_kernels().strip_rows % kUnit == 0 ? kUnit : 1;
  for (const int64_t M : {1, 7, 128, 500, 900, 4096})
    for (const int64_t N : {1, 16, 65, 384, 1000})
      for (const int threads : {1, 2, 3, 16}) {
        SCOPED_TRACE(testing::Message() << M << " x " << N << ", " << threads << " threads");
        const cpu::ProductGrid grid = cpu::choose_panel_grid(M, N, cpu::panel_kernels(), threads);
        expect_each_once(grid, M, N, unit);
        for (const int64_t parts : {4, 8}) expect_each_once(cpu::with_cut_end(grid, threads, parts), M, N, unit);
      }
}

// Products of a GPT of 384 channels: no thread may wait for another's second tile.
TEST(PanelGrid, KeepsThreadsBusy) {
  for (const auto& [M, N] : {std::pair{4096, 384}, {4096, 1152}, {4096, 1536}, {384, 1152}, {384, 1536}, {1536, 384}})
    for (const int threads : {2, 4, 8}) {
      const cpu::ProductGrid grid = cpu::choose_panel_grid(M, N, cpu::panel_kernels(), threads);
      const int64_t rounds = ceil_div<int64_t>(grid.tiles(), threads);
      const double busy =
          static_cast<double>(M * N) / static_cast<double>(rounds * threads * grid.tile_rows * grid.tile_columns);
      EXPECT_GT(busy, 0.85) << M << " x " << N << ", " << threads << " threads: " << grid.row_tiles << " x "
                            << grid.column_tiles << " tiles";
    }
}

// The last tiles of all threads are small, so that none waits long.
TEST(PanelGrid, EndsWithSmallTiles) {
  for (const int threads : {2, 3, 8})
    for (const int64_t parts : {4, 8}) {
      const cpu::ProductGrid whole = cpu::choose_panel_grid(4096, 384, cpu::panel_kernels(), threads);
      const cpu::ProductGrid grid = cpu::with_cut_end(whole, threads, parts);
      for (int64_t index = grid.tiles() - threads; index < grid.tiles(); ++index)
        EXPECT_LE(cpu::panel_tile(grid, 4096, 384, cpu::panel_kernels(), index).rows * (parts - 1), whole.tile_rows);
    }
}

}  // namespace
}  // namespace convoy::test
