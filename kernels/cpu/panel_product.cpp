#include "kernels/cpu/panel_product.h"

#include <omp.h>

#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/panel_grid.h"
#include "kernels/cpu/product_epilogue.h"
#include "kernels/cpu/product_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kLeastRows = 128;    // fewer do not pay for packing b
constexpr int64_t kLeastColumns = 16;  // fewer are padded
constexpr int64_t kInnerBlock = 384;   // of k: with the columns of a tile 576 KiB, what a second-level cache holds
constexpr int64_t kLineElements = 16;  // of memory

float* float_at(const Tensor& matrix, int64_t row, int64_t column) {
  return matrix.as<float>() + row * matrix.shape[1] + column;
}

}  // namespace

bool PanelProduct::is_fast(const ProductShape& shape) {
  return shape.input == DType::f32 && shape.output == DType::f32 && shape.M >= kLeastRows && shape.N >= kLeastColumns &&
         shape.K > 0;
}

PanelProduct::PanelProduct(const ProductShape& shape, const PanelKernels& kernels)
    : shape_(shape),
      kernels_(kernels),
      threads_(omp_get_max_threads()),
      grid_(choose_panel_grid(shape.M, shape.N, shape.b_transposed, kernels, threads_)),
      inner_block_(round_up<int64_t>(ceil_div(shape.K, ceil_div(shape.K, kInnerBlock)), 16)) {}

ProductGrid PanelProduct::grid(int threads) const {
  return threads == threads_ ? grid_ : choose_panel_grid(shape_.M, shape_.N, shape_.b_transposed, kernels_, threads);
}

PanelProduct::Tile PanelProduct::tile_at(const ProductGrid& grid, int64_t index) const {
  const int64_t m = grid.row_of(index) * grid.tile_rows, n = grid.column_of(index) * grid.tile_columns;
  return {m, std::min(grid.tile_rows, shape_.M - m), n, std::min(grid.tile_columns, shape_.N - n)};
}

PanelProduct::Block PanelProduct::block_at(const Tile& tile, int64_t k, int64_t packed_column) const {
  const bool is_packed = inner_block_ >= shape_.K && packed_column == tile.n;
  return {tile, k, std::min(inner_block_, shape_.K - k), is_packed};
}

void PanelProduct::run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next_index,
                            int64_t& packed_column) const {
  const Tile tile = tile_at(grid, index), next_tile = tile_at(grid, next_index);
  const int64_t width = round_up<int64_t>(tile.columns, 16);
  const int64_t floats = inner_block_ * (width + kernels_.strip_rows);
  auto* panels = reinterpret_cast<float*>(thread_scratch(sizeof(float) * static_cast<size_t>(floats)));
  Block block = block_at(tile, 0, packed_column);
  for (int64_t k = 0; k < shape_.K; k += inner_block_) {
    const Block next =
        is_last(block) ? block_at(next_tile, 0, tile.n) : block_at(tile, k + inner_block_, packed_column);
    add_column_sums(args, block);  // whoever packs it
    multiply(args, block, next, panels, panels + inner_block_ * width);
    block = next;
  }
  packed_column = tile.n;
}

void PanelProduct::add_column_sums(const Matmul& args, const Block& block) const {
  const Tile& tile = block.tile;
  if (args.column_sums && tile.m == 0)
    product_loops().add_column_sums(args.column_sums.as<float>() + tile.n, float_at(args.b, block.k, tile.n),
                                    DType::f32, shape_.N, block.inner, tile.columns);
}

void PanelProduct::multiply(const Matmul& args, const Block& block, const Block& next, float* panels,
                            float* packed_a) const {
  const Tile& tile = block.tile;
  const int64_t end = tile.m + tile.rows;
  const float* b = shape_.b_transposed ? float_at(args.b, tile.n, block.k) : float_at(args.b, block.k, tile.n);
  for (int64_t m = tile.m; m < end; m += kernels_.strip_rows) {
    const int64_t rows = std::min(kernels_.strip_rows, end - m);
    kernels_.multiply({.a = shape_.a_transposed ? float_at(args.a, block.k, m) : float_at(args.a, m, block.k),
                       .a_stride = args.a.shape[1],
                       .a_transposed = shape_.a_transposed,
                       .packed_a = packed_a,
                       .rows = rows,
                       .inner = block.inner,
                       .columns = tile.columns,
                       .panels = panels,
                       .b = m == tile.m && !block.is_packed ? b : nullptr,
                       .b_stride = args.b.shape[1],
                       .b_transposed = shape_.b_transposed,
                       .c = float_at(args.c, m, tile.n),
                       .c_stride = shape_.N,
                       .add = block.k > 0 || shape_.accumulate,
                       .next = {pre_activation(args, block, m), next_strip(args, block, next, m),
                                next_result(args, block, next, m), next_block(args, block, next, m)}});
    if (is_last(block)) finish(args, tile, m, rows);
  }
}

// Of this strip: the epilogue reads or writes it.
PanelStrip::Region PanelProduct::pre_activation(const Matmul& args, const Block& block, int64_t m) const {
  const Tile& tile = block.tile;
  if (!args.pre_activation || !is_last(block)) return {};
  const int64_t rows = std::min(kernels_.strip_rows, tile.m + tile.rows - m);
  const Access access = args.derivative_of == Activation::none ? Access::write : Access::read;
  return {float_at(args.pre_activation, m, tile.n), shape_.N, rows, tile.columns, access};
}

// Where the rows after those below m begin: in the same tile or, with the next block, in its tile.
PanelProduct::Rows PanelProduct::rows_from(const Block& block, const Block& next, int64_t m, int64_t most) const {
  const auto rows_in = [&](const Block& in, int64_t first) {
    return Rows{in, first, std::min(most, in.tile.m + in.tile.rows - first)};
  };
  return m < block.tile.m + block.tile.rows ? rows_in(block, m) : rows_in(next, next.tile.m);
}

// The strip after the one at m. Of a transposed a some rows of the lines after those that the strip lies in: all strips
// in a line share the work.
PanelStrip::Region PanelProduct::next_strip(const Matmul& args, const Block& block, const Block& next,
                                            int64_t m) const {
  const int64_t line = shape_.a_transposed ? kLineElements : kernels_.strip_rows, done = (m - block.tile.m) % line;
  const auto [from, first_row, rows] = rows_from(block, next, m - done + line, line);
  if (!shape_.a_transposed) return {float_at(args.a, first_row, from.k), shape_.K, rows, from.inner};
  const int64_t first = done * from.inner / line;
  const int64_t last = std::min(line, done + kernels_.strip_rows) * from.inner / line;
  return {float_at(args.a, from.k + first, first_row), shape_.M, last - first, rows};
}

// What the strip after the one at m is added to or written over.
PanelStrip::Region PanelProduct::next_result(const Matmul& args, const Block& block, const Block& next,
                                             int64_t m) const {
  const auto [from, first_row, rows] = rows_from(block, next, m + kernels_.strip_rows, kernels_.strip_rows);
  return {float_at(args.c, first_row, from.tile.n), shape_.N, rows, from.tile.columns, Access::write};
}

// This strip's share of the next block of b.
PanelStrip::Region PanelProduct::next_block(const Matmul& args, const Block& block, const Block& next,
                                            int64_t m) const {
  if (next.is_packed || next == block) return {};
  const int64_t rows = shape_.b_transposed ? next.tile.columns : next.inner;
  const int64_t share = ceil_div(rows, ceil_div(block.tile.rows, kernels_.strip_rows));
  const int64_t first = (m - block.tile.m) / kernels_.strip_rows * share;
  if (first >= rows) return {};
  const int64_t count = std::min(share, rows - first);
  if (shape_.b_transposed) return {float_at(args.b, next.tile.n + first, next.k), shape_.K, count, next.inner};
  return {float_at(args.b, next.k + first, next.tile.n), shape_.N, count, next.tile.columns};
}

void PanelProduct::finish(const Matmul& args, const Tile& tile, int64_t m, int64_t rows) const {
  if (!shape_.bias && !shape_.elementwise) return;
  float* c = float_at(args.c, m, tile.n);
  product_loops().epilogue({.product = c,
                            .product_stride = shape_.N,
                            .rows = rows,
                            .columns = tile.columns,
                            .c = c,
                            .output = DType::f32,
                            .c_stride = shape_.N,
                            .accumulate = false,
                            .input = DType::f32,
                            .bias = args.bias ? args.bias.as<float>() + tile.n : nullptr,
                            .pre_activation = args.pre_activation ? float_at(args.pre_activation, m, tile.n) : nullptr,
                            .activation = args.activation,
                            .derivative_of = args.derivative_of});
}

}  // namespace convoy::cpu
