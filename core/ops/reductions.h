// Sums in a fixed order: the same bits for any number of threads, blocks or ranks.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// sum[0] = scale * (x[0] + ... + x[n - 1]), x f32. accumulate: sum[0] +=.
struct Sum {
  Tensor sum;  // (1) f32
  Tensor x;    // (n) f32
  float scale = 1;
  bool accumulate = false;
};

// sums += the column sums of x: the gradient of a bias, where no product of x is wanted that would bring it
// (Matmul::column_sums).
struct ColumnSums {
  Tensor sums;  // (C) f32, +=
  Tensor x;     // (N, C) f32 or bf16
};

// Sums of squares of consecutive blocks of kSumSquaresBlock elements (the last may be short).
inline constexpr int64_t kSumSquaresBlock = 1024;
struct SumSquares {
  Tensor partials;  // (ceil(n / kSumSquaresBlock)) f32, written
  Tensor x;         // (n) f32
};

// Global norm and the factor that clips it, Pascanu et al., arXiv:1211.5063:
//   norm = r sqrt(sum of partials), added in f64; factor = r min(1, max_norm / norm), or r if max_norm is 0
// r = nominal_weight / weight: gradients were made as if targets of nominal_weight counted, and those of weight did.
// A norm that is not finite, as that of no targets at all, gives a factor of NaN, on which optimizers leave everything
// as it was.
struct ClipFactor {
  Tensor norm_and_factor;  // (2) f32, written
  Tensor partials;         // f32
  float max_norm = 0;
  Tensor weight;  // (1) f32; absent: r = 1
  float nominal_weight = 1;
};

// y += x, both f32 or both bf16. Of f32 y = round(y + x) where `through` is bf16: each node of the reduction tree then
// holds what the wire would have carried.
struct Add {
  Tensor y, x;
  DType through = DType::f32;
};

// The sum of R rows by the fixed binary tree over rows: with R a power of two ((0 + 1) + (2 + 3)) + ..., otherwise the
// left subtree takes the largest power of two below R. Added in f32; each node rounded to rows' dtype.
struct TreeSum {
  Tensor y;     // (n) f32, written; may be row 0 of rows if they are f32
  Tensor rows;  // (R, n) f32 or bf16
};

// y = x, converted; f32 and bf16.
struct Cast {
  Tensor y, x;
};

// x = value. f32.
struct Fill {
  Tensor x;
  float value = 0;
};

// What a debug run prints of a tensor: min, max, mean, mean of |x|, and the number of values that are NaN or infinite
// (left out of the others).
struct Statistics {
  Tensor result;  // (5) f32, written
  Tensor x;       // f32 or bf16
};

}  // namespace convoy
