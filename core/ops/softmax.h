// Softmax of rows: y[n, c] = exp(x[n, c]) / sum over c of exp(x[n, c]).
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct SoftmaxForward {
  Tensor y, x;  // (N, C), may be the same memory
};

// dx[n, c] = y[n, c] (dy[n, c] - sum over c of dy[n, c] y[n, c])
struct SoftmaxBackward {
  Tensor dx, dy;  // (N, C), may be the same memory
  Tensor y;       // (N, C): what forward gave
};

}  // namespace convoy
