// RMS norm fused with the residual addition before it, Zhang and Sennrich, arXiv:1910.07467.
//
//   residual = x + dropout(branch)            (absent branch: residual is x, not written)
//   y        = weight * residual * rstd,   rstd = 1 / sqrt(mean(residual^2) + eps), over the last extent
#pragma once

#include "core/ops/dropout.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct RmsNormForward {
  Tensor y;         // (N, C)
  Tensor residual;  // (N, C), written; absent if branch is absent
  Tensor rstd;      // (N) f32, written; absent: not kept
  Tensor x;         // (N, C)
  Tensor branch;    // (N, C) or absent
  Dropout dropout;  // of branch
  Tensor weight;    // (C)
  float eps = 1e-5f;
};

// dresidual = d_residual_out + (RMS norm's gradient of dy); dx is the same tensor as dresidual.
// dbranch = dropout'(dresidual). dweight is added to.
struct RmsNormBackward {
  Tensor dx;             // (N, C), written
  Tensor dbranch;        // (N, C), written; absent if there was no branch, or if dropout is off: then it equals dx
  Tensor dweight;        // (C) f32, +=
  Tensor dy;             // (N, C)
  Tensor dresidual_out;  // (N, C): gradient that reaches `residual` from elsewhere; may be absent; may be dx's memory
  Tensor residual;       // (N, C): what was normalised (x where there was no branch)
  Tensor rstd;           // (N)
  Tensor weight;         // (C)
  Dropout dropout;
  Tensor scratch;  // scratch_bytes(args)
};

}  // namespace convoy
