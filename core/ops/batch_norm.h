// What batch normalisation does to the columns of a matrix x (N, C): Ioffe and Szegedy, arXiv:1502.03167.
//
//   y = weight * (x - mean) / sqrt(variance + eps) + bias
// with mean and variance of each column over the rows of a micro-batch or, in evaluations, running averages of them.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy {

// Of N >= 1 rows; variance: the mean squared distance from the mean. Accurate also where the mean is large.
struct ColumnMoments {
  Tensor mean, variance;  // (C) f32, written
  Tensor x;               // (N, C)
};

// By what the distance from the mean is divided.
enum class Spread : uint8_t {
  variance,   // sqrt(spread + eps)
  deviation,  // spread; where it is 0 the result is weight * 0 + bias
};

// y = weight * (x - mean) / spread + bias.
struct ColumnNormalise {
  Tensor y;             // (N, C), written; may be x's memory if of its dtype
  Tensor x;             // (N, C), also u8, and of another dtype than y
  Tensor mean;          // (C) f32; absent: 0
  Tensor spread;        // (C) f32
  Tensor weight, bias;  // (C) of y's dtype; absent: 1, 0
  Spread kind = Spread::variance;
  float eps = 0;
};

// The gradient where mean and variance are those of x.
struct BatchNormBackward {
  Tensor dx;              // (N, C), written; absent: not wanted; may be dy's memory
  Tensor dweight, dbias;  // (C) f32, +=; absent: not wanted
  Tensor dy, x;           // (N, C)
  Tensor mean, variance;  // (C) f32
  Tensor weight;          // (C); absent: 1
  float eps = 0;
};

// What a step adds to a running average (ParameterRole::statistic): change += rate * (factor * measured - average).
struct AverageChange {
  Tensor change;             // (n) f32
  Tensor measured, average;  // (n) f32
  float rate = 1, factor = 1;
};

}  // namespace convoy
