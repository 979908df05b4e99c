// The exponential moving average of weights, Polyak and Juditsky (1992) as PyTorch's AveragedModel has it, and what
// lets it take the weights' place for a while.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// average = average + rate (weights - average)
struct MovingAverage {
  Tensor average;          // (n) f32, updated
  Tensor weights;          // (n) f32
  Tensor norm_and_factor;  // ClipFactor's; if the factor is NaN nothing is changed
  float rate = 0;          // 1 - decay
};

// Each gets the other's elements.
struct Swap {
  Tensor a, b;  // (n) f32
};

}  // namespace convoy
