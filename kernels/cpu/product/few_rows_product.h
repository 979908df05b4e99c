// A product of at most kFewRows rows, few_rows_kernel.h, as one token or a few at a time are generated. Its rows have
// the bits that panels give them, panel_product.h and widened_panel_product.h.
#pragma once

#include "kernels/cpu/product/product.h"

namespace convoy::cpu {

class FewRowsProduct final : public Product {
 public:
  explicit FewRowsProduct(const ProductShape& shape) : shape_(shape) {}

  ProductGrid grid(int threads) const override;
  void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                int64_t& packed_column) const override;

 private:
  ProductShape shape_;
};

}  // namespace convoy::cpu
