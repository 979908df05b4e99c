// A product of f32 by our own kernels, panel_kernel.h. An element of c is summed over k in order, in blocks of k
// that depend on K alone: tiles may follow the number of threads without changing a bit.
//
// Of each tile of c a thread lets the tile's strips of a pass one block of b after the other, which the first of them
// packs; strips of the last block go through the epilogue while they are in the first-level cache. What is needed soon
// is requested meanwhile, see panel_requests.h.
#pragma once

#include <cstdint>

#include "kernels/cpu/product/grid.h"
#include "kernels/cpu/product/kernels.h"
#include "kernels/cpu/product/panel_requests.h"
#include "kernels/cpu/product/product.h"

namespace convoy::cpu {

class PanelProduct final : public Product {
 public:
  // All of f32, and large enough that packing b pays.
  static bool is_fast(const ProductShape& shape);

  explicit PanelProduct(const ProductShape& shape, const PanelKernels& kernels = panel_kernels());

  ProductGrid grid(int threads) const override;
  ProductGrid with_fine_end(const ProductGrid& grid, int threads) const override;
  void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                int64_t& packed_column) const override;

 private:
  PanelBlock block_at(const PanelTile& tile, int64_t k, int64_t packed_column) const;
  void multiply(const Matmul& args, const PanelBlock& block, const PanelBlock& next, float* panels,
                float* packed_a) const;
  void finish(const Matmul& args, const PanelTile& tile, int64_t m, int64_t rows) const;

  const ProductShape shape_;
  const PanelKernels& kernels_;
  const int threads_;
  const ProductGrid grid_;  // for so many threads
  int64_t inner_block_;
};

}  // namespace convoy::cpu
