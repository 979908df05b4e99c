// Normalisation of rows fused with the residual addition before it, pre-norm as in GPT-2: layer norm, Ba et al.,
// arXiv:1607.06450, and RMS norm, Zhang and Sennrich, arXiv:1910.07467.
//
//   residual = x + dropout(branch)            (absent branch: residual is x, not written)
//   layer:  y = weight * (residual - mean) * rstd + bias,   rstd = 1 / sqrt(variance + eps)
//   rms:    y = weight * residual * rstd,                   rstd = 1 / sqrt(mean(residual^2) + eps)
// all over the last extent. RMS norm has neither mean nor bias.
#pragma once

#include "core/ops/dropout.h"
#include "core/tensor/tensor.h"

namespace convoy {

enum class NormKind : uint8_t { layer, rms };

struct NormForward {
  NormKind kind = NormKind::layer;
  Tensor y;             // (N, C)
  Tensor residual;      // (N, C), written; absent if branch is absent
  Tensor mean, rstd;    // (N) f32, written; absent: not kept
  Tensor x;             // (N, C)
  Tensor branch;        // (N, C) or absent
  Dropout dropout;      // of branch
  Tensor weight, bias;  // (C)
  float eps = 1e-5f;
};

// dresidual = d_residual_out + (the norm's gradient of dy); dx is the same tensor as dresidual.
// dbranch = dropout'(dresidual). dweight and dbias are added to.
struct NormBackward {
  NormKind kind = NormKind::layer;
  Tensor dx;              // (N, C), written
  Tensor dbranch;         // (N, C), written; absent if there was no branch, or if dropout is off: then it equals dx
  Tensor dweight, dbias;  // (C) f32, +=; absent: not wanted
  Tensor dy;              // (N, C)
  Tensor dresidual_out;   // (N, C): gradient that reaches `residual` from elsewhere; may be absent; may be dx's memory
  Tensor residual;        // (N, C): what was normalised (x where there was no branch)
  Tensor mean, rstd;      // (N)
  Tensor weight;          // (C)
  Dropout dropout;
};

}  // namespace convoy
