// The compiled form of a Matmul of one shape, cut into tiles of c, each multiplied by one thread, see run.h.
// How many threads there are decides no bit of c.
#pragma once

#include <cstdint>
#include <memory>

#include "core/ops/matmul.h"
#include "kernels/cpu/product/grid.h"

namespace convoy::cpu {

// What of a Matmul decides how it is compiled.
struct ProductShape {
  int64_t M = 0, N = 0, K = 0;
  int64_t a_columns = 0;  // of a as it lies in memory
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false;
  bool accumulate = false, bias = false;
  bool elementwise = false;  // activation, pre_activation or derivative_of
  bool rows_alike = false;

  bool operator==(const ProductShape&) const = default;
};

ProductShape product_shape(const Matmul& args);

class Product {
 public:
  virtual ~Product() = default;
  virtual ProductGrid grid(int threads) const = 0;
  // With smaller tiles at its end, if the bits do not depend on tiles.
  virtual ProductGrid with_fine_end(const ProductGrid& grid, int /*threads*/) const { return grid; }
  // Multiplies one tile of the grid on the calling thread, which probably multiplies tile `next` after it.
  // packed_column: where the tiles begin that this thread has packed b for, -1 if none; kept up to date, and good as
  // long as the thread multiplies nothing else. May be called from several threads at once.
  virtual void run_tile(const Matmul& args, const ProductGrid& grid, int64_t index, int64_t next,
                        int64_t& packed_column) const = 0;
};

// Our own panels for f32 with enough rows to share what is packed, oneDNN for the rest. Throws InternalError if oneDNN
// cannot.
std::unique_ptr<Product> compile_product(const ProductShape& shape);

}  // namespace convoy::cpu
