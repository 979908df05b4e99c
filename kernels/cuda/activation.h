// What core/ops/activation_rules.h computes with, as floats. Constexpr, so that device code may call it.
#pragma once

#include <cmath>

#include "core/ops/activation_rules.h"

namespace convoy::cuda {

inline constexpr float kSqrt2OverPi = 0.7978845608028654f, kGeluCubic = 0.044715f;

struct Normal {
  float distribution, density;
};

struct FloatMath {
  using F = float;
  static constexpr float spread(float x) { return x; }
  static constexpr float fma(float a, float b, float c) { return std::fma(a, b, c); }
  static constexpr float select(bool condition, float yes, float no) { return condition ? yes : no; }
  static constexpr float abs(float x) { return std::fabs(x); }
  static constexpr float positive(float x) { return x < 0 ? 0.0f : x; }
  static constexpr float exp(float x) { return std::exp(x); }
  static constexpr float expm1(float x) { return std::expm1(x); }
  static constexpr float log1p(float x) { return std::log1p(x); }
  static constexpr float tanh(float x) { return std::tanh(x); }
  static constexpr float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

  static constexpr Normal normal(float x) {
    constexpr float kInverseRootOf2 = 0.7071067812f, kInverseRootOf2Pi = 0.3989422804f;
    return {0.5f * std::erfc(-kInverseRootOf2 * x), kInverseRootOf2Pi * std::exp(-0.5f * x * x)};
  }

  // (1 + tanh(u)) / 2 without the cancellation at large negative u.
  static constexpr float gelu_tanh_gate(float x) { return sigmoid(2.0f * kSqrt2OverPi * (x + kGeluCubic * x * x * x)); }
  static constexpr float gelu_tanh_derivative(float x) {
    const float gate = gelu_tanh_gate(x), rest = gate * (1.0f - gate);
    if (rest == 0) return gate;  // where the slope below is infinite
    return gate + 2.0f * x * rest * kSqrt2OverPi * (1.0f + 3.0f * kGeluCubic * x * x);
  }
};
using Activations = ActivationRules<FloatMath>;

}  // namespace convoy::cuda
