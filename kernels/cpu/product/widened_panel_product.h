// A product of bf16 whose rows have the same bits however many there are: operands become f32 block by block, and
// panels multiply them as those of panel_product.h. Sums become c's type once, behind the last block.
#pragma once

#include "kernels/cpu/product/panel_grid.h"
#include "kernels/cpu/product/product.h"

namespace convoy::cpu {

class WidenedPanelProduct final : public Product {
 public:
  explicit WidenedPanelProduct(const ProductShape& shape) : shape_(shape) {}

  ProductGrid grid(int threads) const override;
  void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                int64_t& packed_column) const override;

 private:
  struct Scratch {
    float *a, *b, *panels, *sums;
  };
  Scratch carve(const PanelTile& tile, int64_t inner) const;
  void multiply(const Matmul& args, const PanelTile& tile, int64_t k, int64_t inner, const Scratch& scratch) const;
  void finish(const Matmul& args, const PanelTile& tile, const Scratch& scratch) const;

  ProductShape shape_;
};

}  // namespace convoy::cpu
