// The inner loops of products, compiled for AVX2 and for AVX-512. Both variants give the same bits. How kernels are
// written: simd/begin_avx2.h.
#pragma once

#include <array>
#include <cstdint>

#include "core/ops/matmul.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

// A strip of a times a block of b: (rows, columns) of c. b goes by in panels, packed so that k runs in order; the first
// strip of a block packs them while it multiplies.
struct PanelStrip {
  const float* a = nullptr;  // (rows, inner), or (inner, rows) if transposed
  int64_t a_stride = 0;      // between rows of the matrix
  bool a_transposed = false;
  float* packed_a = nullptr;  // (inner, strip_rows), if a is transposed; 64-byte aligned, overwritten

  int64_t rows = 0, inner = 0, columns = 0;

  float* panels = nullptr;   // (inner, columns rounded up to 16), 64-byte aligned
  const float* b = nullptr;  // (inner, columns), or (columns, inner) if transposed; null: the panels are there already
  int64_t b_stride = 0;      // between rows of the matrix
  bool b_transposed = false;

  float* c = nullptr;
  int64_t c_stride = 0;
  bool add = false;  // to c

  float* column_sums = nullptr;  // if not null: += the sum over k of each column of b

  // What is used soon: rows of so many elements. Requested from memory, nothing else depends on it.
  struct Region {
    const float* first = nullptr;
    int64_t stride = 0, rows = 0, elements = 0;
    Access access = Access::read;
  };
  std::array<Region, 4> next;
};

inline constexpr int64_t kFewRows = 4;

// Sums of a few rows of a times columns of b, which is read where it lies.
struct FewRows {
  const float* a = nullptr;  // (rows, inner)
  int64_t a_stride = 0, rows = 0;
  const void* b = nullptr;  // (inner, columns), or (columns, inner) if transposed
  DType input = DType::f32;
  int64_t b_stride = 0;
  bool b_transposed = false;
  int64_t inner = 0, block = 0, columns = 0;  // block: of k, summed by itself
  // (rows, sums_stride), then as many that are overwritten; 64-byte aligned, sums_stride: columns rounded up to 16.
  float* sums = nullptr;
  int64_t sums_stride = 0;
};

struct PanelKernels {
  int64_t strip_rows;     // at most, of a strip
  int64_t panel_columns;  // of a panel; the last one of a block is padded to a multiple of 16
  void (*multiply)(const PanelStrip& strip);
  void (*few_rows)(const FewRows& product);
};

// What happens to a tile of a product between the multiplication and c, while it is in cache: old values, bias,
// activation or its derivative. Pointers to the tile's first element; c, pre_activation and old values have the
// product's row stride.
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

// Element by element.
struct ProductLoops {
  void (*epilogue)(const Epilogue& args);
  // to[i] = from[i], count elements of bf16.
  void (*widen)(float* to, const bf16* from, int64_t count);
  // sums[n] += the sum of column n of (rows, columns), rows in chunks so that rounding errors stay small.
  void (*add_column_sums)(float* sums, const void* matrix, DType dtype, int64_t row_stride, int64_t rows,
                          int64_t columns);
};

// Of the active instruction set, see cpu_isa.h.
const PanelKernels& panel_kernels();
const ProductLoops& product_loops();

namespace avx2 {
extern const PanelKernels panel_kernels;
extern const ProductLoops product_loops;
}  // namespace avx2
namespace avx512 {
extern const PanelKernels panel_kernels;
extern const ProductLoops product_loops;
}  // namespace avx512

}  // namespace convoy::cpu
