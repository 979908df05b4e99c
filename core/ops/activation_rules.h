// The activations of activation.h and their derivatives, one text for the floats of CUDA and the vectors of the CPU.
//
// Math is what a device computes with: a type F that has + - * / and <, and static functions spread(float), fma,
// select, abs, positive (max(x, 0)), exp, expm1, log1p (of numbers in [0, 1]), tanh, sigmoid, normal (the distribution
// and its density), and of gelu_tanh the factor of x, gelu_tanh_gate, and gelu_tanh_derivative. A NaN stays a NaN.
//
// Only templates and constants stand here: kernels include them for several instruction sets.
#pragma once

#include "core/ops/activation.h"

namespace convoy {

template <class Math>
struct ActivationRules {
  using F = typename Math::F;

  template <Activation kKind>
  [[gnu::always_inline]] static constexpr F value(const F& x, const F& number) {
    using enum Activation;
    const F zero = Math::spread(0.0f);
    if constexpr (kKind == relu) return Math::positive(x);
    if constexpr (kKind == leaky_relu) return Math::select(x < zero, number * x, x);
    if constexpr (kKind == sigmoid) return Math::sigmoid(x);
    if constexpr (kKind == tanh) return Math::tanh(x);
    if constexpr (kKind == gelu) return x * Math::normal(x).distribution;
    if constexpr (kKind == gelu_tanh) return x * Math::gelu_tanh_gate(x);
    if constexpr (kKind == silu) return x * Math::sigmoid(x);
    if constexpr (kKind == softplus) return Math::positive(x) + Math::log1p(Math::exp(zero - Math::abs(x)));
    if constexpr (kKind == elu) return Math::select(x < zero, number * Math::expm1(Math::select(x < zero, x, zero)), x);
    return x;
  }

  // At the input x.
  template <Activation kKind>
  [[gnu::always_inline]] static constexpr F derivative(const F& x, const F& number) {
    using enum Activation;
    const F zero = Math::spread(0.0f), one = Math::spread(1.0f);
    if constexpr (kKind == relu) return Math::select(zero < x, one, zero);
    if constexpr (kKind == leaky_relu) return Math::select(zero < x, one, number);
    if constexpr (kKind == sigmoid) {
      const F s = Math::sigmoid(x);
      return s * (one - s);
    }
    if constexpr (kKind == tanh) {
      const F e = Math::exp(Math::spread(-2.0f) * Math::abs(x));
      return Math::spread(4.0f) * e / ((one + e) * (one + e));
    }
    if constexpr (kKind == gelu) {
      const auto normal = Math::normal(x);
      return Math::fma(x, normal.density, normal.distribution);
    }
    if constexpr (kKind == gelu_tanh) return Math::gelu_tanh_derivative(x);
    if constexpr (kKind == silu) {
      const F s = Math::sigmoid(x);
      return Math::fma(x * s, one - s, s);
    }
    if constexpr (kKind == softplus) return Math::sigmoid(x);
    if constexpr (kKind == elu) return Math::select(zero < x, one, number * Math::exp(Math::select(x < zero, x, zero)));
    return one;
  }

  // At the output y, for kinds that have it: derivative_from_output().
  template <Activation kKind>
  [[gnu::always_inline]] static constexpr F derivative_at_output(const F& y, const F& number) {
    using enum Activation;
    static_assert(derivative_from_output(kKind));
    const F zero = Math::spread(0.0f), one = Math::spread(1.0f);
    if constexpr (kKind == relu || kKind == leaky_relu) return derivative<kKind>(y, number);
    if constexpr (kKind == sigmoid) return y * (one - y);
    if constexpr (kKind == tanh) return (one - y) * (one + y);
    if constexpr (kKind == softplus) return zero - Math::expm1(zero - y);
    if constexpr (kKind == elu) return Math::select(zero < y, one, y + number);
    return one;
  }

  // At what ActivationBackward::at holds.
  template <Activation kKind>
  [[gnu::always_inline]] static constexpr F derivative_at(const F& at, const F& number) {
    if constexpr (derivative_from_output(kKind))
      return derivative_at_output<kKind>(at, number);
    else
      return derivative<kKind>(at, number);
  }
};

}  // namespace convoy
