// Running a product compiled for oneDNN: see onednn_product.h.
#include <algorithm>
#include <cstring>

#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/onednn_product.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

void* element(const Tensor& matrix, int64_t row, int64_t column) {
  const int64_t index = row * matrix.shape[1] + column;
  return static_cast<std::byte*>(matrix.data) + static_cast<size_t>(index) * size_of(matrix.dtype);
}

void* element(const Tensor& vector, int64_t index) {
  return static_cast<std::byte*>(vector.data) + static_cast<size_t>(index) * size_of(vector.dtype);
}

// The block of a matrix of bf16 that begins at (row, column), as dense f32.
void widen(float* to, const Tensor& matrix, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  for (int64_t line = 0; line < rows; ++line)
    product_loops().widen(to + line * columns, static_cast<const bf16*>(element(matrix, row + line, column)), columns);
}

}  // namespace

OneDnnProduct::Scratch OneDnnProduct::carve_scratch() const {
  std::byte* memory = thread_scratch(onednn_bytes_ + packed_bytes_ + product_bytes_ + a_bytes_ + b_bytes_);
  std::byte* product = memory + onednn_bytes_ + packed_bytes_;
  std::byte* a = product + product_bytes_;
  return {.onednn = memory,
          .packed = memory + onednn_bytes_,
          .product = reinterpret_cast<float*>(product),
          .a = reinterpret_cast<float*>(a),
          .b = reinterpret_cast<float*>(a + a_bytes_)};
}

void OneDnnProduct::run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t /*next*/,
                             int64_t& packed_column) const {
  const Tile tile = tile_at(grid.row_of(index), grid.column_of(index));
  if (args.column_sums && tile.m == 0)
    product_loops().add_column_sums(args.column_sums.as<float>() + tile.n, element(args.b, 0, tile.n), args.b.dtype,
                                    shape_.N, shape_.K, tile.columns);
  if (tile.rows == 0) return;
  const Scratch scratch = carve_scratch();
  void* target = product_in_c() ? element(args.c, tile.m, tile.n) : scratch.product;
  if (shape_.K == 0)
    std::memset(target, 0, sizeof(float) * static_cast<size_t>(tile.rows * tile.columns));
  else if (way_ == Way::widened)
    multiply_widened(args, tile, scratch, target);
  else if (way_ == Way::packed)
    multiply_packed(args, tile, scratch, target, packed_column);
  else
    multiply(args, tile, scratch, target);
  const bool finished = way_ == Way::direct || (product_in_c() && !shape_.elementwise && !shape_.bias);
  if (!finished) finish(args, tile, static_cast<float*>(target));
}

void OneDnnProduct::multiply(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target) const {
  const void* a = shape_.a_transposed ? element(args.a, 0, tile.m) : element(args.a, tile.m, 0);
  const void* b = shape_.b_transposed ? element(args.b, tile.n, 0) : element(args.b, 0, tile.n);
  const void* bias = shape_.bias && way_ == Way::direct ? element(args.bias, tile.n) : nullptr;
  kernels_[kernel_index(tile, 0)]->run(a, b, bias, target, scratch.onednn);
}

void OneDnnProduct::multiply_packed(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target,
                                    int64_t& packed_column) const {
  OneDnnTile& kernel = *kernels_[kernel_index(tile, 0)];
  if (packed_column != tile.n)
    kernel.pack(shape_.b_transposed ? element(args.b, tile.n, 0) : element(args.b, 0, tile.n), scratch.packed);
  packed_column = tile.n;
  kernel.run(element(args.a, tile.m, 0), scratch.packed, nullptr, target, scratch.onednn);
}

void OneDnnProduct::multiply_widened(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target) const {
  for (int64_t k = 0; k < shape_.K; k += inner_block_) {
    const int64_t inner = std::min(inner_block_, shape_.K - k);
    if (shape_.a_transposed)
      widen(scratch.a, args.a, k, inner, tile.m, tile.rows);
    else
      widen(scratch.a, args.a, tile.m, tile.rows, k, inner);
    if (shape_.b_transposed)
      widen(scratch.b, args.b, tile.n, tile.columns, k, inner);
    else
      widen(scratch.b, args.b, k, inner, tile.n, tile.columns);
    kernels_[kernel_index(tile, k)]->run(scratch.a, scratch.b, nullptr, target, scratch.onednn);
  }
}

void OneDnnProduct::finish(const Matmul& args, const Tile& tile, float* product) const {
  product_loops().epilogue(
      {.product = product,
       .product_stride = product_stride(tile),
       .rows = tile.rows,
       .columns = tile.columns,
       .c = element(args.c, tile.m, tile.n),
       .output = shape_.output,
       .c_stride = shape_.N,
       .accumulate = shape_.accumulate && !product_in_c(),
       .input = shape_.input,
       .bias = args.bias ? element(args.bias, tile.n) : nullptr,
       .pre_activation = args.pre_activation ? element(args.pre_activation, tile.m, tile.n) : nullptr,
       .activation = args.activation,
       .derivative_of = args.derivative_of});
}

}  // namespace convoy::cpu
