// Softmax cross entropy of rows of logits, forward and backward in one pass.
//   loss[n]       = log(sum_j exp(logits[n, j])) - logits[n, target[n]]     (nats)
//   dlogits[n, j] = scale * (softmax(logits[n])[j] - [j == target[n]])
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct CrossEntropy {
  Tensor losses;   // (N) f32, written
  Tensor dlogits;  // (N, V), written; may be the memory of logits; absent: loss only
  Tensor logits;   // (N, V)
  Tensor targets;  // (N) i32; a negative target is ignored: loss 0, gradient 0
  float scale = 1;
  Tensor weights;  // (N) f32, written: 1, or 0 where the target is ignored; absent: not wanted
};

}  // namespace convoy
