// The compiled form of a Matmul of one shape, cut into tiles of c, each multiplied by one thread. How many threads
// there are decides no bit of c.
#pragma once

#include <cstdint>
#include <memory>

#include "core/ops/matmul.h"

namespace convoy::cpu {

// What of a Matmul decides how it is compiled.
struct ProductShape {
  int64_t M = 0, N = 0, K = 0;
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false;
  bool accumulate = false, bias = false;
  bool elementwise = false;  // activation, pre_activation or derivative_of

  bool operator==(const ProductShape&) const = default;
};

ProductShape product_shape(const Matmul& args);

class Product {
 public:
  virtual ~Product() = default;
  // On the calling thread's OpenMP team. May be called from several threads at once.
  virtual void run(const Matmul& args) const = 0;
};

// Our own panels for f32 with enough rows to share what is packed, oneDNN for the rest. Throws InternalError if oneDNN
// cannot.
std::unique_ptr<Product> compile_product(const ProductShape& shape);

}  // namespace convoy::cpu
