#include "kernels/cpu/product/widened_panel_product.h"

#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/matrix_element.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

// The block of a matrix that begins at (row, column), as dense f32.
void widen_block(float* to, const Tensor& matrix, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t line = 0; line < rows; ++line) {
    const void* from = matrix_element(matrix, row + line, column);
    if (matrix.dtype == DType::bf16)
      product_loops().widen(to + line * columns, static_cast<const bf16*>(from), columns);
    else
      std::copy_n(static_cast<const float*>(from), columns, to + line * columns);
  }
}

}  // namespace

ProductGrid WidenedPanelProduct::grid(int threads) const {
  return choose_panel_grid(shape_.M, shape_.N, panel_kernels(), threads);
}

WidenedPanelProduct::Scratch WidenedPanelProduct::carve(const PanelTile& tile, int64_t inner) const {
  const int64_t width = round_up<int64_t>(tile.columns, 16), a = panel_kernels().strip_rows * inner;
  const int64_t a_floats = round_up<int64_t>(a, 16), block = inner * width;
  auto* memory = reinterpret_cast<float*>(
      thread_scratch(sizeof(float) * static_cast<size_t>(a_floats + 2 * block + tile.rows * tile.columns)));
  return {memory, memory + a_floats, memory + a_floats + block, memory + a_floats + 2 * block};
}

void WidenedPanelProduct::run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t /*next*/,
                                   int64_t& /*packed_column*/) const {
  const PanelTile tile = panel_tile(grid, shape_.M, shape_.N, panel_kernels(), index);
  if (tile.rows == 0) return;
  const int64_t block = panel_inner_block(shape_.K);
  const Scratch scratch = carve(tile, block);
  for (int64_t k = 0; k < shape_.K; k += block) multiply(args, tile, k, std::min(block, shape_.K - k), scratch);
  finish(args, tile, scratch);
}

void WidenedPanelProduct::multiply(const Matmul& args, const PanelTile& tile, int64_t k, int64_t inner,
                                   const Scratch& scratch) const {
  if (shape_.b_transposed)
    widen_block(scratch.b, args.b, tile.n, tile.columns, k, inner);
  else
    widen_block(scratch.b, args.b, k, inner, tile.n, tile.columns);
  const int64_t strip_rows = panel_kernels().strip_rows;
  for (int64_t m = 0; m < tile.rows; m += strip_rows) {
    const int64_t rows = std::min(strip_rows, tile.rows - m);
    widen_block(scratch.a, args.a, tile.m + m, rows, k, inner);
    panel_kernels().multiply({.a = scratch.a,
                              .a_stride = inner,
                              .rows = rows,
                              .inner = inner,
                              .columns = tile.columns,
                              .panels = scratch.panels,
                              .b = m == 0 ? scratch.b : nullptr,
                              .b_stride = shape_.b_transposed ? inner : tile.columns,
                              .b_transposed = shape_.b_transposed,
                              .c = scratch.sums + m * tile.columns,
                              .c_stride = tile.columns,
                              .add = k > 0,
                              .next = {}});
  }
}

void WidenedPanelProduct::finish(const Matmul& args, const PanelTile& tile, const Scratch& scratch) const {
  product_loops().epilogue(
      {.product = scratch.sums,
       .product_stride = tile.columns,
       .rows = tile.rows,
       .columns = tile.columns,
       .c = matrix_element(args.c, tile.m, tile.n),
       .output = shape_.output,
       .c_stride = shape_.N,
       .accumulate = shape_.accumulate,
       .input = shape_.input,
       .bias = args.bias ? vector_element(args.bias, tile.n) : nullptr,
       .pre_activation = args.pre_activation ? matrix_element(args.pre_activation, tile.m, tile.n) : nullptr,
       .activation = args.activation});
}

}  // namespace convoy::cpu
