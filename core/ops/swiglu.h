// The gated unit of SwiGLU, Shazeer, arXiv:2002.05202: of a row of gates and as many values, values times silu(gate).
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// y[n, f] = x[n, f] / (1 + e^-x[n, f]) * x[n, F + f]
struct SwiGluForward {
  Tensor y;  // (N, F)
  Tensor x;  // (N, 2 F)
};

struct SwiGluBackward {
  Tensor dx;     // (N, 2 F), written
  Tensor y;      // (N, F): forward's result once more; absent: not wanted; may be dy's memory
  Tensor dy, x;  // (N, F), (N, 2 F)
};

}  // namespace convoy
