// A product by oneDNN: a grid of tiles by shape alone, since oneDNN's order of sums depends on a tile's shape.
//
// Four ways from the operands to c, chosen once:
//   direct   oneDNN writes c, with old values and bias added by itself
//   fused    oneDNN writes f32, into c if c is f32, else into the thread's scratch; the epilogue makes c of it
//   packed   as fused, in tiles so flat that the product is still in the second-level cache when the epilogue comes;
//            what that would cost is saved by packing b once for all tiles of a column that a thread multiplies
//   widened  as fused, for processors without bf16 products: blocks of a and b become f32 in the thread's scratch first
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "kernels/cpu/product/grid.h"
#include "kernels/cpu/product/onednn_grid.h"
#include "kernels/cpu/product/onednn_tile.h"
#include "kernels/cpu/product/product.h"

namespace convoy::cpu {

class OneDnnProduct final : public Product {
 public:
  // Compiles; throws InternalError if oneDNN cannot.
  explicit OneDnnProduct(const ProductShape& shape);

  ProductGrid grid(int) const override { return grid_; }
  void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                int64_t& packed_column) const override;

 private:
  enum class Way { direct, fused, packed, widened };
  struct Tile {
    int64_t m, rows, n, columns;  // position and size in c
    bool last_row, last_column;
  };
  struct Scratch {  // of the running thread
    std::byte *onednn, *packed;
    float *product, *a, *b;
  };

  bool is_native() const;
  bool compile(Way way);
  bool can_pay_for_packing() const;
  bool packs_alike() const;
  bool compile_tile(const Tile& tile);
  void plan_scratch();
  TileShape tile_shape(const Tile& tile, int64_t k, int64_t inner) const;
  size_t kernel_index(const Tile& tile, int64_t k) const;
  Tile tile_at(int64_t row, int64_t column) const;

  void multiply_packed(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target,
                       int64_t& packed_column) const;
  void multiply(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target) const;
  void multiply_widened(const Matmul& args, const Tile& tile, const Scratch& scratch, void* target) const;
  void finish(const Matmul& args, const Tile& tile, float* product) const;
  Scratch carve_scratch() const;

  bool empty() const { return shape_.M == 0 || shape_.N == 0 || shape_.K == 0; }
  // Then oneDNN adds the old values; else the epilogue does.
  bool product_in_c() const { return way_ == Way::direct || (shape_.output == DType::f32 && !empty()); }
  int64_t product_stride(const Tile& tile) const { return product_in_c() ? shape_.N : tile.columns; }

  ProductShape shape_;
  ProductGrid grid_;
  Way way_ = Way::fused;
  int64_t inner_block_ = 0;  // K of one call of oneDNN
  std::array<std::unique_ptr<OneDnnTile>, 16> kernels_;
  size_t onednn_bytes_ = 0, packed_bytes_ = 0, product_bytes_ = 0, a_bytes_ = 0, b_bytes_ = 0;
};

}  // namespace convoy::cpu
