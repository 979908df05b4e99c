#include "kernels/cpu/product/few_rows_product.h"

#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/matrix_element.h"
#include "kernels/cpu/product/panel_grid.h"
#include "kernels/cpu/thread_scratch.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kColumnsOfATile = 1024;  // sums of a few rows of so many stay in the first-level cache
constexpr int64_t kWorkOfATile = 1 << 17;  // elements of b: some ten microseconds
constexpr int64_t kTilesOfAThread = 4;     // one that began late gets fewer

}  // namespace

ProductGrid FewRowsProduct::grid(int threads) const {
  const int64_t least = std::max<int64_t>(1, kWorkOfATile / shape_.K);
  const int64_t equal = ceil_div(shape_.N, kTilesOfAThread * threads);
  ProductGrid grid;
  grid.tile_rows = shape_.M;
  grid.tile_columns = round_up<int64_t>(std::min(std::max(least, equal), kColumnsOfATile), 16);
  grid.row_tiles = 1;
  grid.column_tiles = ceil_div(shape_.N, grid.tile_columns);
  return grid;
}

void FewRowsProduct::run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t /*next*/,
                              int64_t& /*packed_column*/) const {
  const int64_t n = index * grid.tile_columns, columns = std::min(grid.tile_columns, shape_.N - n);
  const int64_t stride = round_up<int64_t>(columns, 16), M = shape_.M, K = shape_.K;
  const bool widens = shape_.input == DType::bf16;
  const int64_t a_floats = widens ? round_up<int64_t>(M * K, 16) : 0;
  auto* widened =
      reinterpret_cast<float*>(thread_scratch(sizeof(float) * static_cast<size_t>(a_floats + 2 * M * stride)));
  float* sums = widened + a_floats;
  if (widens) product_loops().widen(widened, args.a.as<bf16>(), M * K);
  panel_kernels().few_rows({.a = widens ? widened : args.a.as<float>(),
                            .a_stride = K,
                            .rows = M,
                            .b = shape_.b_transposed ? matrix_element(args.b, n, 0) : matrix_element(args.b, 0, n),
                            .input = shape_.input,
                            .b_stride = args.b.shape[1],
                            .b_transposed = shape_.b_transposed,
                            .inner = K,
                            .block = panel_inner_block(K),
                            .columns = columns,
                            .sums = sums,
                            .sums_stride = stride});
  product_loops().epilogue({.product = sums,
                            .product_stride = stride,
                            .rows = M,
                            .columns = columns,
                            .c = matrix_element(args.c, 0, n),
                            .output = shape_.output,
                            .c_stride = shape_.N,
                            .accumulate = shape_.accumulate,
                            .input = shape_.input,
                            .bias = args.bias ? vector_element(args.bias, n) : nullptr,
                            .pre_activation = args.pre_activation ? matrix_element(args.pre_activation, 0, n) : nullptr,
                            .activation = args.activation});
}

}  // namespace convoy::cpu
