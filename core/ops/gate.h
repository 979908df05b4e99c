// Every channel of a sample times a number of its own, as in squeeze and excitation: Hu et al., arXiv:1709.01507.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// y[b, p, c] = x[b, p, c] * gate[b, c]. With dy in x's place it gives dx.
struct Gate {
  Tensor y, x;  // (B, P, C), may be the same memory
  Tensor gate;  // (B, C)
};

// dgate[b, c] = sum over p of dy[b, p, c] * x[b, p, c], added in f32.
struct GateGradient {
  Tensor dgate;  // (B, C), written
  Tensor dy, x;  // (B, P, C)
};

}  // namespace convoy
