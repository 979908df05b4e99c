// Adam with decoupled weight decay, Loshchilov and Hutter, arXiv:1711.05101, in PyTorch's form, over a flat range:
//   g = factor * gradient
//   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
//   w = w - lr weight_decay w  (where decays) - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
// One pass: reads gradient, m, v and the f32 weight, writes m, v, the f32 weight and its rounding to the compute dtype.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// Parameters start at multiples of this many elements in flat storage, so that one flag per block says whether decay
// applies, and every range starts aligned.
inline constexpr int64_t kParameterBlock = 64;

struct AdamW {
  Tensor weights;          // (n) f32 or bf16: f32 is updated in place, bf16 is written from master
  Tensor master;           // (n) f32, updated; absent if weights are f32
  Tensor gradient;         // (n) f32
  Tensor m, v;             // (n) f32, updated
  Tensor decays;           // (ceil(n / kParameterBlock)) u8: 1 where weight decay applies
  Tensor norm_and_factor;  // ClipFactor's; if the factor is NaN nothing is changed
  // (3) f32 on the device: lr, 1 - beta1^t, 1 - beta2^t. In memory, not in the call, since they change every step and a
  // captured CUDA graph should not.
  Tensor schedule;
  float beta1 = 0.9f, beta2 = 0.95f, eps = 1e-8f, weight_decay = 0;
};

}  // namespace convoy
