#include "kernels/cpu/product/panel_product.h"

#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/panel_grid.h"
#include "kernels/cpu/product/panel_requests.h"
#include "kernels/cpu/team.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kLeastRows = 128;    // fewer do not pay for packing b
constexpr int64_t kLeastColumns = 16;  // fewer are padded
// Of a tile at the end. The second where K is one block: a part finds b packed by the one before.
constexpr int64_t kParts = 4, kPartsOfOneBlock = 8;

}  // namespace

bool PanelProduct::is_fast(const ProductShape& shape) {
  return shape.input == DType::f32 && shape.output == DType::f32 && shape.M >= kLeastRows && shape.N >= kLeastColumns &&
         shape.K > 0;
}

PanelProduct::PanelProduct(const ProductShape& shape, const PanelKernels& kernels)
    : shape_(shape),
      kernels_(kernels),
      threads_(Team::size()),
      grid_(choose_panel_grid(shape.M, shape.N, kernels, threads_)),
      inner_block_(panel_inner_block(shape.K)) {}

ProductGrid PanelProduct::grid(int threads) const {
  return threads == threads_ ? grid_ : choose_panel_grid(shape_.M, shape_.N, kernels_, threads);
}

ProductGrid PanelProduct::with_fine_end(const ProductGrid& grid, int threads) const {
  return with_cut_end(grid, threads, inner_block_ < shape_.K ? kParts : kPartsOfOneBlock);
}

PanelBlock PanelProduct::block_at(const PanelTile& tile, int64_t k, int64_t packed_column) const {
  const bool is_packed = inner_block_ >= shape_.K && packed_column == tile.n;
  return {tile, k, std::min(inner_block_, shape_.K - k), is_packed};
}

void PanelProduct::run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next_index,
                            int64_t& packed_column) const {
  const auto tile_at = [&](int64_t i) { return panel_tile(grid, shape_.M, shape_.N, kernels_, i); };
  const PanelTile tile = tile_at(index), next_tile = tile_at(next_index);
  if (tile.rows == 0) return;
  const int64_t width = round_up<int64_t>(tile.columns, 16);
  const int64_t floats = inner_block_ * (width + kernels_.strip_rows);
  auto* panels = reinterpret_cast<float*>(thread_scratch(sizeof(float) * static_cast<size_t>(floats)));
  PanelBlock block = block_at(tile, 0, packed_column);
  for (int64_t k = 0; k < shape_.K; k += inner_block_) {
    const PanelBlock next =
        block.is_last(shape_.K) ? block_at(next_tile, 0, tile.n) : block_at(tile, k + inner_block_, packed_column);
    multiply(args, block, next, panels, panels + inner_block_ * width);
    block = next;
  }
  packed_column = tile.n;
}

void PanelProduct::multiply(const Matmul& args, const PanelBlock& block, const PanelBlock& next, float* panels,
                            float* packed_a) const {
  const PanelTile& tile = block.tile;
  const PanelRequests requests(args, kernels_.strip_rows, block, next);
  const int64_t end = tile.m + tile.rows;
  float* column_sums = args.column_sums && tile.m == 0 ? args.column_sums.as<float>() + tile.n : nullptr;
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
                       .column_sums = m == tile.m ? column_sums : nullptr,
                       .next = requests.at(m)});
    if (block.is_last(shape_.K)) finish(args, tile, m, rows);
  }
}

void PanelProduct::finish(const Matmul& args, const PanelTile& tile, int64_t m, int64_t rows) const {
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
