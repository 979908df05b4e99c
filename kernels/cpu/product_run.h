// Running compiled products, tile by tile.
#pragma once

#include <span>

#include "kernels/cpu/product.h"

namespace convoy::cpu {

// A product, its operands, which must outlive it, and how it is cut for the calling thread's OpenMP team.
class ProductCall {
 public:
  ProductCall(const Product& product, const Matmul& args);

  int64_t tiles() const { return grid_.tiles(); }
  // Multiply-adds of a tile.
  int64_t tile_work() const;
  void cut_end_finely();
  void run_tile(int64_t index, int64_t& packed_column) const;

 private:
  const Product* product_;
  const Matmul* args_;
  ProductGrid grid_;
};

// On the calling thread's OpenMP team, the tiles of each call after those of the calls before. No call may read or
// write what another writes. Rethrows the first exception of a tile.
void run_products(std::span<ProductCall> calls);

}  // namespace convoy::cpu
