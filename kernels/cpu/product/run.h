// Running compiled products, tile by tile.
#pragma once

#include <span>

#include "kernels/cpu/product/product.h"
#include "kernels/cpu/shares.h"

namespace convoy::cpu {

// A product, its operands, which must outlive it, and how it is cut for the calling thread's team.
class ProductCall {
 public:
  ProductCall(const Product& product, const Matmul& args);

  int64_t tiles() const { return grid_.tiles(); }
  // Multiply-adds of a tile.
  int64_t tile_work() const;
  void cut_end_finely();
  // Of the team: until no tile is left to begin.
  void work(int thread);

 private:
  const Product* product_;
  const Matmul* args_;
  ProductGrid grid_;
  Shares whole_tiles_;
  Shares parts_;  // of the cut tiles; one share, for neighbours read the same of b and should do it at the same time
};

// On the calling thread's team, the tiles of each call after those of the calls before. No call may read or
// write what another writes. Rethrows the first exception of a tile.
void run_products(std::span<ProductCall* const> calls);

}  // namespace convoy::cpu
