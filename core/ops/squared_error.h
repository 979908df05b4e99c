// Mean squared error of rows, forward and backward in one pass.
//   loss[n]          = (1 / F) sum_j (x[n, j] - target[n, j])^2
//   dx[n, j]         = scale * (2 / F) (x[n, j] - target[n, j]);   dtarget = -dx
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct SquaredError {
  Tensor losses;   // (N) f32, written
  Tensor x;        // (N, F)
  Tensor target;   // (N, F) f32 or bf16, whatever x is
  Tensor dx;       // (N, F) as x, written; absent: not wanted
  Tensor dtarget;  // (N, F) as target, written; absent: not wanted
  float scale = 1;
};

}  // namespace convoy
