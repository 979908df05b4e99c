// What happens to a tile of a product between the multiplication and c, while the tile is in cache; and the two loops
// over operands that products need: widening bf16 and summing columns.
//
// exp and tanh are polynomials, right to 2e-6 relative. The code exists for AVX2 and for AVX-512; which one runs is
// decided once by active_isa().
#pragma once

#include <cstdint>

#include "core/ops/matmul.h"

namespace convoy::cpu {

// Pointers to the tile's first element; c, pre_activation and old values have the product's row stride.
struct Epilogue {
  float* product = nullptr;  // (rows, columns), overwritten
  int64_t product_stride = 0;
  int64_t rows = 0, columns = 0;

  void* c = nullptr;
  DType output = DType::f32;
  int64_t c_stride = 0;
  bool accumulate = false;

  DType input = DType::f32;  // of bias and pre_activation
  const void* bias = nullptr;
  void* pre_activation = nullptr;  // written, or read if derivative_of is not none
  Activation activation = Activation::none;
  Activation derivative_of = Activation::none;
};

struct ProductLoops {
  void (*epilogue)(const Epilogue& args);
  // to[i] = from[i], count elements of bf16.
  void (*widen)(float* to, const bf16* from, int64_t count);
  // sums[n] += the sum of column n of (rows, columns), rows in chunks so that rounding errors stay small.
  void (*add_column_sums)(float* sums, const void* matrix, DType dtype, int64_t row_stride, int64_t rows,
                          int64_t columns);
};

const ProductLoops& product_loops();

namespace avx2 {
extern const ProductLoops kProductLoops;
}
namespace avx512 {
extern const ProductLoops kProductLoops;
}

}  // namespace convoy::cpu
