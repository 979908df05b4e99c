#include "kernels/cpu/product/onednn_product.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kPackedRows = 128;    // of a tile with packed b
constexpr int64_t kWidenedInner = 512;  // K of a widened block: a's and b's fit into the second-level cache together

size_t float_bytes(int64_t rows, int64_t columns) {
  return round_up<size_t>(sizeof(float) * static_cast<size_t>(rows * columns), 64);
}

}  // namespace

OneDnnProduct::OneDnnProduct(const ProductShape& shape)
    : shape_(shape), grid_(choose_onednn_grid(shape.M, shape.N, shape.K)) {
  if (empty()) {
    plan_scratch();
    return;
  }
  if (is_native() && !shape_.elementwise && compile(Way::direct)) return;
  if (is_native() && can_pay_for_packing() && compile(Way::packed)) return;
  if (is_native() && compile(Way::fused)) return;
  if (shape_.input == DType::bf16 && compile(Way::widened)) return;
  throw InternalError(fmt::format("oneDNN has no fast product of {} x {} x {} in {} on this processor; use f32",
                                  shape_.M, shape_.N, shape_.K, name_of(shape_.input)));
}

// On AVX-512 without bf16 instructions oneDNN emulates them, five times slower than widening.
bool OneDnnProduct::is_native() const { return shape_.input == DType::f32 || active_isa() >= Isa::avx512_bf16; }

// An epilogue gains by flat tiles; enough tiles share a b.
bool OneDnnProduct::can_pay_for_packing() const {
  return shape_.elementwise && !shape_.a_transposed && shape_.M >= 8 * kPackedRows;
}

// False if oneDNN has no fast code for it.
bool OneDnnProduct::compile(Way way) {
  way_ = way;
  grid_ = choose_onednn_grid(shape_.M, shape_.N, shape_.K, way == Way::packed ? kPackedRows : kMostTileRows);
  inner_block_ = way == Way::widened ? std::min(shape_.K, kWidenedInner) : shape_.K;
  std::fill(kernels_.begin(), kernels_.end(), nullptr);
  onednn_bytes_ = packed_bytes_ = 0;
  for (const int64_t row : {int64_t{0}, grid_.row_tiles - 1})
    for (const int64_t column : {int64_t{0}, grid_.column_tiles - 1})
      if (!compile_tile(tile_at(row, column))) return false;
  if (way == Way::packed && !packs_alike()) return false;
  plan_scratch();
  return true;
}

// The last tile of a column is smaller, but uses what was packed for those above it.
bool OneDnnProduct::packs_alike() const {
  for (const int64_t column : {int64_t{0}, grid_.column_tiles - 1}) {
    const Tile first = tile_at(0, column), last = tile_at(grid_.row_tiles - 1, column);
    if (!kernels_[kernel_index(first, 0)]->packs_like(*kernels_[kernel_index(last, 0)])) return false;
  }
  return true;
}

bool OneDnnProduct::compile_tile(const Tile& tile) {
  for (int64_t k = 0; k < shape_.K; k += inner_block_) {
    std::unique_ptr<OneDnnTile>& kernel = kernels_[kernel_index(tile, k)];
    if (kernel != nullptr) continue;
    kernel = OneDnnTile::compile(tile_shape(tile, k, std::min(inner_block_, shape_.K - k)));
    if (kernel == nullptr) return false;
    onednn_bytes_ = std::max(onednn_bytes_, round_up<size_t>(kernel->scratch_bytes(), 64));
    packed_bytes_ = std::max(packed_bytes_, round_up<size_t>(kernel->packed_bytes(), 64));
  }
  return true;
}

void OneDnnProduct::plan_scratch() {
  if (!product_in_c()) product_bytes_ = float_bytes(grid_.tile_rows, grid_.tile_columns);
  if (way_ != Way::widened) return;
  a_bytes_ = float_bytes(grid_.tile_rows, inner_block_);
  b_bytes_ = float_bytes(grid_.tile_columns, inner_block_);
}

OneDnnProduct::Tile OneDnnProduct::tile_at(int64_t row, int64_t column) const {
  const int64_t m = row * grid_.tile_rows, n = column * grid_.tile_columns;
  return {.m = m,
          .rows = std::min(grid_.tile_rows, shape_.M - m),
          .n = n,
          .columns = std::min(grid_.tile_columns, shape_.N - n),
          .last_row = row == grid_.row_tiles - 1,
          .last_column = column == grid_.column_tiles - 1};
}

size_t OneDnnProduct::kernel_index(const Tile& tile, int64_t k) const {
  const bool later = k > 0, last = k + inner_block_ >= shape_.K;
  return (tile.last_row ? 8u : 0u) + (tile.last_column ? 4u : 0u) + (later ? 2u : 0u) + (last ? 1u : 0u);
}

TileShape OneDnnProduct::tile_shape(const Tile& tile, int64_t k, int64_t inner) const {
  const bool widened = way_ == Way::widened, direct = way_ == Way::direct;
  // Widened blocks are dense; the operands themselves have the strides of the whole matrices.
  const int64_t a_stride =
      shape_.a_transposed ? (widened ? tile.rows : shape_.a_columns) : (widened ? inner : shape_.K);
  const int64_t b_stride = shape_.b_transposed ? (widened ? inner : shape_.K) : (widened ? tile.columns : shape_.N);
  return {.rows = tile.rows,
          .columns = tile.columns,
          .inner = inner,
          .a_row_stride = shape_.a_transposed ? 1 : a_stride,
          .a_column_stride = shape_.a_transposed ? a_stride : 1,
          .b_row_stride = shape_.b_transposed ? 1 : b_stride,
          .b_column_stride = shape_.b_transposed ? b_stride : 1,
          .c_row_stride = product_stride(tile),
          .input = widened ? DType::f32 : shape_.input,
          .output = direct ? shape_.output : DType::f32,
          .accumulate = k > 0 || (shape_.accumulate && product_in_c()),
          .bias = shape_.bias && direct,
          .b_packed = way_ == Way::packed};
}

}  // namespace convoy::cpu
