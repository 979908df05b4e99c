// What an iteration towards an orthogonal matrix has beside its products: Muon's Newton-Schulz, core/optimizer/muon.h.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// y = x / (sqrt(square[0]) + eps)
struct UnitNorm {
  Tensor y;       // f32 or bf16, as many elements as x; may be x's memory if it is f32
  Tensor x;       // f32
  Tensor square;  // (1) f32: the sum of squares of x
  float eps = 0;
};

// y = c0 I + c1 a + c2 y, computed in f32 and rounded to their dtype: of y = a a the polynomial in a.
struct MatrixPolynomial {
  Tensor y, a;  // (n, n), both f32 or both bf16
  float c0 = 0, c1 = 0, c2 = 0;
};

}  // namespace convoy
