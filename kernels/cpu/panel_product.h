// A product of f32 by our own kernels, simd/panel_kernel.h. An element of c is summed over k in order, in blocks of k
// that depend on K alone: tiles may follow the number of threads without changing a bit.
//
// Of each tile of c a thread lets the tile's strips of a pass one block of b after the other, which the first of them
// packs; strips of the last block go through the epilogue while they are in the first-level cache.
#pragma once

#include <cstdint>

#include "kernels/cpu/product.h"
#include "kernels/cpu/product_grid.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

class PanelProduct final : public Product {
 public:
  // All of f32, and large enough that packing b pays.
  static bool is_fast(const ProductShape& shape);

  explicit PanelProduct(const ProductShape& shape, const PanelKernels& kernels = panel_kernels());

  void run(const Matmul& args) const override;

 private:
  struct Tile {
    int64_t m, rows, n, columns;  // position and size in c
  };
  struct Block {  // of b
    int64_t k, inner;
    bool first, last;
    float* panels;
    bool is_packed = false;
  };

  void run_tile(const Matmul& args, const Tile& tile, int64_t& packed_column) const;
  void add_column_sums(const Matmul& args, const Tile& tile, const Block& block) const;
  void multiply(const Matmul& args, const Tile& tile, const Block& block, float* packed_a) const;
  PanelStrip::Region pre_activation(const Matmul& args, const Tile& tile, const Block& block, int64_t m) const;
  PanelStrip::Region next_strip(const Matmul& args, const Tile& tile, const Block& block, int64_t m) const;
  PanelStrip::Region next_result(const Matmul& args, const Tile& tile, int64_t m) const;
  PanelStrip::Region next_block(const Matmul& args, const Tile& tile, const Block& block, int64_t m) const;
  void finish(const Matmul& args, const Tile& tile, int64_t m, int64_t rows) const;

  const ProductShape shape_;
  const PanelKernels& kernels_;
  const int threads_;
  const ProductGrid grid_;  // for so many threads
  int64_t inner_block_;
};

}  // namespace convoy::cpu
