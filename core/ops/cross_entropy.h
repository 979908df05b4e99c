// Softmax cross entropy of rows of logits, forward and backward in one pass.
//   loss[n]       = log(sum_j exp(logits[n, j])) - logits[n, target[n]]     (nats)
//   dlogits[n, j] = scale * (softmax(logits[n])[j] - [j == target[n]])
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct CrossEntropy {
  Tensor losses;   // (N) f32, written
  Tensor dlogits;  // (N, V), written; may be the memory of logits; absent: loss only
  Tensor logits;   // (N, V), or with further columns, which are not read; those of dlogits are written 0
  Tensor targets;  // (N) i32; a negative target is ignored: loss 0, gradient 0
  float scale = 1;
  Tensor weights;       // (N) f32, written: 1, or 0 where the target is ignored; absent: not wanted
  int64_t classes = 0;  // V where logits have more columns; 0: all of them

  int64_t V() const { return classes > 0 ? classes : logits.shape[-1]; }
};

// The same with weights of classes and smoothed labels (Szegedy et al., arXiv:1512.00567), as PyTorch has them:
//   nll[k]        = log(sum_j exp(logits[n, j])) - logits[n, k]
//   loss[n]       = (1 - s) w[target] nll[target] + s / V sum_k w[k] nll[k],   s = label_smoothing
//   weights[n]    = w[target]
struct WeightedCrossEntropy {
  Tensor losses;         // (N) f32, written
  Tensor weights;        // (N) f32, written
  Tensor dlogits;        // (N, V), written, times scale; may be the memory of logits; absent: losses only
  Tensor logits;         // (N, V)
  Tensor targets;        // (N) i32; a negative target, or `ignored`, gives loss 0, weight 0, gradient 0
  Tensor class_weights;  // (V) f32; absent: all 1
  float label_smoothing = 0;
  int32_t ignored = -1;
  float scale = 1;
};

}  // namespace convoy
