// The activations of core/ops/matmul.h and their derivatives, in device code.
#pragma once

#include <cuda_runtime.h>

#include "core/ops/matmul.h"

namespace convoy::cuda {

inline constexpr float kSqrt2OverPi = 0.7978845608028654f, kGeluCubic = 0.044715f;

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// (1 + tanh(u)) / 2 without the cancellation at large negative u.
__device__ inline float gelu_gate(float x) { return sigmoid(2.0f * kSqrt2OverPi * (x + kGeluCubic * x * x * x)); }

__device__ inline float apply_activation(Activation kind, float x) {
  switch (kind) {
    case Activation::none:
      return x;
    case Activation::gelu_tanh:
      return x * gelu_gate(x);
    case Activation::relu:
      return x < 0 ? 0.0f : x;  // NaN stays NaN
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::tanh:
      return tanhf(x);
  }
  return x;
}

__device__ inline float activation_derivative(Activation kind, float x) {
  switch (kind) {
    case Activation::none:
      return 1;
    case Activation::gelu_tanh: {
      const float gate = gelu_gate(x), rest = gate * (1.0f - gate);
      if (rest == 0) return gate;  // where the slope below is infinite
      return gate + 2.0f * x * rest * kSqrt2OverPi * (1.0f + 3.0f * kGeluCubic * x * x);
    }
    case Activation::relu:
      return x > 0 ? 1.0f : 0.0f;
    case Activation::silu: {
      const float s = sigmoid(x);
      return s * (1.0f + x * (1.0f - s));
    }
    case Activation::tanh: {
      const float t = tanhf(x);
      return 1.0f - t * t;
    }
  }
  return 1;
}

}  // namespace convoy::cuda
