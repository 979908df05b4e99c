// Token embedding plus learned positions, as in GPT-2.
//   y[b, t] = token_table[tokens[b, t]] + position_table[position + t - starts[b, t]]
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct EmbeddingForward {
  Tensor y;               // (B, T, C)
  Tensor tokens;          // (B, T) i32, each in [0, V): the caller has checked
  Tensor token_table;     // (V, C)
  Tensor position_table;  // (max T, C) or absent
  Tensor position;  // i64 on the device, (1) or of each sample (B); absent: 0. In memory, not in the call, so that a
                    // captured CUDA graph need not be captured again
  // (B, T) i32: the place in its sample with which this token's document begins, from which positions count; absent: 0
  // for all.
  Tensor starts;
};

// Tables' gradients, f32, are added to, in an order fixed by the tokens alone.
struct EmbeddingBackward {
  Tensor dtoken_table;     // (V, C) f32, +=, or absent
  Tensor dposition_table;  // (max T, C) f32, +=, or absent
  Tensor dy;               // (B, T, C)
  Tensor tokens;           // (B, T) i32
  Tensor starts;           // as in forward
};

}  // namespace convoy
