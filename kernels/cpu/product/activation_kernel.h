// Activations and their derivatives, right to 2e-6 relative.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// 1 / (1 + 2^x); less exact below 1e-10, where few bits of x are left behind the point.
inline F32x16 falling_sigmoid2(F32x16 x) {
  const F32x16 bounded = min(broadcast(128.0f), max(broadcast(-126.0f), x));  // 2^128 is infinity, and the result zero
  // The sum's lowest bits are the nearest whole number, ready to be added to an exponent: two instructions less than
  // by round() and to_int().
  const F32x16 to_whole = broadcast(0x1.8p23f), shifted = bounded + to_whole;
  const F32x16 r = bounded - (shifted - to_whole);
  const F32x16 mantissa = fma(exp2_slope(r), r, broadcast(1.0f));
  const F32x16 power = from_bits(bits_of(mantissa) + shift_left<23>(bits_of(shifted)));
  return broadcast(1.0f) / (broadcast(1.0f) + power);
}

// gelu_tanh(x) = x (1 + tanh(u)) / 2 = x / (1 + e^-2u) with 2 u = kGeluA2 (x + kGeluB x^3).
inline constexpr float kGeluA2 = 2 * 0.7978845608f, kGeluB = 0.044715f;
inline F32x16 gelu_sigmoid(F32x16 x) {
  constexpr float kLinear = kLog2E * kGeluA2, kCubic = kLinear * kGeluB;
  return falling_sigmoid2(x * fma(broadcast(-kCubic), x * x, broadcast(-kLinear)));
}

inline F32x16 sigmoid(F32x16 x) { return falling_sigmoid2(broadcast(-kLog2E) * x); }

template <Activation kKind>
inline F32x16 activate(F32x16 x) {
  if constexpr (kKind == Activation::gelu_tanh) return x * gelu_sigmoid(x);
  if constexpr (kKind == Activation::relu) return max(broadcast(0.0f), x);  // in this order a NaN stays
  if constexpr (kKind == Activation::silu) return x * sigmoid(x);
  if constexpr (kKind == Activation::tanh) return tanh(x);
  return x;
}

inline F32x16 gelu_derivative(F32x16 x) {
  // Beyond it is 0 or 1, and x^3 could overflow.
  const F32x16 bounded = min(broadcast(30.0f), max(broadcast(-30.0f), x));
  const F32x16 s = gelu_sigmoid(bounded);
  const F32x16 slope = fma(broadcast(3 * kGeluA2 * kGeluB), bounded * bounded, broadcast(kGeluA2));
  return fma(bounded * fma_negated(s, s, s), slope, s);
}

template <Activation kKind>
inline F32x16 derivative(F32x16 x) {
  const F32x16 one = broadcast(1.0f);
  if constexpr (kKind == Activation::gelu_tanh) return gelu_derivative(x);
  if constexpr (kKind == Activation::relu) return select(broadcast(0.0f) < x, one, broadcast(0.0f));
  if constexpr (kKind == Activation::silu) {
    const F32x16 s = sigmoid(x);
    return fma(x * s, one - s, s);
  }
  if constexpr (kKind == Activation::tanh) {
    const F32x16 e = exp(broadcast(-2.0f) * abs(x));
    return broadcast(4.0f) * e / ((one + e) * (one + e));
  }
  return one;
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
