// A product of f32 by our own kernels, simd/panel_kernel.h. An element of c is summed over k in order, in blocks of k
// that depend on K alone: tiles may follow the number of threads without changing a bit.
//
// Of each tile of c a thread lets the tile's strips of a pass one block of b after the other, which the first of them
// packs; strips of the last block go through the epilogue while they are in the first-level cache. Meanwhile it
// requests from memory what the next strip, the next block and the tile that it probably does next begin with.
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

  ProductGrid grid(int threads) const override;
  void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                int64_t& packed_column) const override;

 private:
  struct Tile {
    int64_t m, rows, n, columns;  // position and size in c

    bool operator==(const Tile&) const = default;
  };
  // Of b, and the tile whose strips pass it.
  struct Block {
    Tile tile;
    int64_t k, inner;
    bool is_packed;

    bool operator==(const Block&) const = default;
  };

  struct Rows {
    const Block& block;
    int64_t first, count;
  };

  Tile tile_at(const ProductGrid& grid, int64_t index) const;
  Block block_at(const Tile& tile, int64_t k, int64_t packed_column) const;
  bool is_last(const Block& block) const { return block.k + block.inner == shape_.K; }
  void add_column_sums(const Matmul& args, const Block& block) const;
  void multiply(const Matmul& args, const Block& block, const Block& next, float* panels, float* packed_a) const;
  Rows rows_from(const Block& block, const Block& next, int64_t m, int64_t most) const;
  PanelStrip::Region pre_activation(const Matmul& args, const Block& block, int64_t m) const;
  PanelStrip::Region next_strip(const Matmul& args, const Block& block, const Block& next, int64_t m) const;
  PanelStrip::Region next_result(const Matmul& args, const Block& block, const Block& next, int64_t m) const;
  PanelStrip::Region next_block(const Matmul& args, const Block& block, const Block& next, int64_t m) const;
  void finish(const Matmul& args, const Tile& tile, int64_t m, int64_t rows) const;

  const ProductShape shape_;
  const PanelKernels& kernels_;
  const int threads_;
  const ProductGrid grid_;  // for so many threads
  int64_t inner_block_;
};

}  // namespace convoy::cpu
