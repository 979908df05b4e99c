#include "kernels/cpu/product/product.h"

#include <algorithm>

#include "kernels/cpu/product/few_rows_product.h"
#include "kernels/cpu/product/onednn_product.h"
#include "kernels/cpu/product/panel_grid.h"
#include "kernels/cpu/product/panel_product.h"
#include "kernels/cpu/product/widened_panel_product.h"

namespace convoy::cpu {

// What rows_alike is for. Old values are added before the first block of k or behind the last one, which is the same
// only where there is one block.
static bool forward_alone(const Matmul& args) {
  const int64_t K = args.a.shape[args.a_transposed ? 0 : 1];
  return !args.a_transposed && !args.column_sums && args.derivative_of == Activation::none &&
         (!args.accumulate || panel_inner_block(std::max<int64_t>(K, 1)) >= K);
}

ProductShape product_shape(const Matmul& args) {
  return {.M = args.c.shape[0],
          .N = args.c.shape[1],
          .K = args.a.shape[args.a_transposed ? 0 : 1],
          .a_columns = args.a.shape[1],
          .input = args.a.dtype,
          .output = args.c.dtype,
          .a_transposed = args.a_transposed,
          .b_transposed = args.b_transposed,
          .accumulate = args.accumulate,
          .bias = static_cast<bool>(args.bias),
          .elementwise = args.activation != Activation::none || args.derivative_of != Activation::none ||
                         static_cast<bool>(args.pre_activation),
          .rows_alike = args.rows_alike && forward_alone(args)};
}

std::unique_ptr<Product> compile_product(const ProductShape& shape) {
  if (shape.rows_alike && shape.M > 0 && shape.N > 0 && shape.K > 0) {
    if (shape.M <= kFewRows) return std::make_unique<FewRowsProduct>(shape);
    if (shape.input == DType::f32 && shape.output == DType::f32) return std::make_unique<PanelProduct>(shape);
    return std::make_unique<WidenedPanelProduct>(shape);
  }
  if (PanelProduct::is_fast(shape)) return std::make_unique<PanelProduct>(shape);
  return std::make_unique<OneDnnProduct>(shape);
}

}  // namespace convoy::cpu
