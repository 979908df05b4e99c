#include "core/ops/diagonal_blocks.h"

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using DiagonalBlocksTest = OpsTest;

DiagonalBlocks blocks_of(const std::vector<std::pair<int64_t, int64_t>>& pieces) {
  DiagonalBlocks blocks;
  for (const auto& [first, rows] : pieces) {
    blocks.first[static_cast<size_t>(blocks.count)] = first;
    blocks.rows[static_cast<size_t>(blocks.count++)] = rows;
  }
  return blocks;
}

// visit(index in the wide matrix, in the stacked one) of every element of a piece.
template <class Visit>
void for_elements(const DiagonalBlocks& blocks, int64_t r, const Visit& visit) {
  int64_t stacked = 0;
  for (int64_t p = 0; p < blocks.count; ++p)
    for (int64_t row = 0; row < blocks.rows[static_cast<size_t>(p)]; ++row)
      for (int64_t i = 0; i < r; ++i, ++stacked)
        visit(static_cast<size_t>(((blocks.first[static_cast<size_t>(p)] + row) * blocks.count + p) * r + i),
              static_cast<size_t>(stacked));
}

int64_t rows_of(const DiagonalBlocks& blocks) {
  return blocks.rows[0] + blocks.rows[1] + blocks.rows[2] + blocks.rows[3];
}

TEST_F(DiagonalBlocksTest, AreSpreadAndAddedBack) {
  struct Case {
    int64_t rows, r;
    std::vector<std::pair<int64_t, int64_t>> pieces;
  };
  for (const auto& [R, r, pieces] :
       {Case{7, 2, {{0, 7}}}, Case{9, 3, {{0, 4}, {4, 2}, {6, 3}}}, Case{9, 1, {{1, 2}, {5, 3}}},
        Case{3000, 8, {{0, 2000}, {2000, 500}, {2500, 500}}}}) {
    const DiagonalBlocks blocks = blocks_of(pieces);
    const int64_t K = r * blocks.count, S = rows_of(blocks);
    for (const auto& [dtype, tolerance] : kPrecisions) {
      const Array stacked = random_array({S, r}, dtype, 1), wide = Array::filled({R, K}, dtype, 7);
      run(SpreadBlocks{wide, stacked, blocks, 1.5f});
      Values expected(static_cast<size_t>(R * K), 0.0);
      const Values pieces_values = stacked.values();
      for_elements(blocks, r, [&](size_t to, size_t from) { expected[to] = 1.5 * pieces_values[from]; });
      expect_near(wide.values(), expected, tolerance, "wide");
    }
    const Array wide = random_array({R, K}, DType::f32, 2), sum = random_array({S, r}, DType::f32, 3);
    const Values from = wide.values();
    Values expected = sum.values();
    for_elements(blocks, r, [&](size_t at, size_t to) { expected[to] += 0.25 * from[at]; });
    run(AddBlocks{sum, wide, blocks, 0.25f});
    expect_near(sum.values(), expected, 1e-6, "sum");
  }
}

}  // namespace
}  // namespace convoy::test
