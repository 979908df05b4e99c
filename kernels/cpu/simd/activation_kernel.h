// What core/ops/activation_rules.h computes with: functions right to 2e-6 relative.
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

inline F32x16 sigmoid(F32x16 x) { return falling_sigmoid2(broadcast(-kLog2E) * x); }

// gelu_tanh(x) = x (1 + tanh(u)) / 2 = x / (1 + e^-2u) with 2 u = kGeluA2 (x + kGeluB x^3).
inline constexpr float kGeluA2 = 2 * 0.7978845608f, kGeluB = 0.044715f;
inline F32x16 gelu_sigmoid(F32x16 x) {
  constexpr float kLinear = kLog2E * kGeluA2, kCubic = kLinear * kGeluB;
  return falling_sigmoid2(x * fma(broadcast(-kCubic), x * x, broadcast(-kLinear)));
}

inline F32x16 gelu_derivative(F32x16 x) {
  // Beyond it is 0 or 1, and x^3 could overflow.
  const F32x16 bounded = min(broadcast(30.0f), max(broadcast(-30.0f), x));
  const F32x16 s = gelu_sigmoid(bounded);
  const F32x16 slope = fma(broadcast(3 * kGeluA2 * kGeluB), bounded * bounded, broadcast(kGeluA2));
  return fma(bounded * fma_negated(s, s, s), slope, s);
}

// log(1 + x) for x in [0, 1]. The sum's rounding is undone by the factor (Higham, "Accuracy and Stability", 1.14.1).
inline F32x16 log1p(F32x16 x) {
  const F32x16 one = broadcast(1.0f), sum = one + x, rest = sum - one;
  return select(broadcast(0.0f) < rest, log(sum) * (x / rest), x);
}

struct Normal {
  F32x16 distribution, density;
};

// Of the standard normal distribution, exact far out too, where 1 + erf has no digits left.
inline Normal normal(F32x16 x) {
  constexpr float kInverseRootOf2Pi = 0.3989422804f;
  const F32x16 one = broadcast(1.0f), distance = min(broadcast(14.0f), abs(x));
  const F32x16 square = distance * distance, rest = fma(distance, distance, broadcast(0.0f) - square);
  const F32x16 power = exp(broadcast(-0.5f) * square);
  const F32x16 e = fma(power, broadcast(-0.5f) * rest, power);  // e^(-x^2 / 2), with what the square's rounding lost
  // e^(x^2 / 2) Phi(-x) / t in t = 1 / (1 + 0.35 x): least squares on [0, 14], reweighted until the relative error is
  // the same everywhere, 3.2e-8.
  const F32x16 t = one / fma(broadcast(0.35f), distance, one);
  const F32x16 ratio = t * horner(t, broadcast(-0x1.dd86f8p-6f), 0x1.26daaep-3f, -0x1.05da00p-2f, 0x1.45fd32p-3f,
                                  -0x1.7aa220p-6f, 0x1.b02934p-4f, 0x1.ead5dcp-4f, 0x1.1e6fe6p-3f, 0x1.1df1d4p-3f);
  const F32x16 tail = e * ratio;
  return {select(broadcast(0.0f) < x, one - tail, tail), e * broadcast(kInverseRootOf2Pi)};
}

struct VectorMath {
  using F = F32x16;
  static F spread(float x) { return broadcast(x); }
  static F fma(F a, F b, F c) { return CONVOY_ISA::fma(a, b, c); }
  static F select(Mask16 condition, F yes, F no) { return CONVOY_ISA::select(condition, yes, no); }
  static F abs(F x) { return CONVOY_ISA::abs(x); }
  static F positive(F x) { return max(broadcast(0.0f), x); }  // in this order a NaN stays
  static F exp(F x) { return CONVOY_ISA::exp(x); }
  static F expm1(F x) { return CONVOY_ISA::expm1(x); }
  static F log1p(F x) { return CONVOY_ISA::log1p(x); }
  static F tanh(F x) { return CONVOY_ISA::tanh(x); }
  static F sigmoid(F x) { return CONVOY_ISA::sigmoid(x); }
  static Normal normal(F x) { return CONVOY_ISA::normal(x); }
  static F gelu_tanh_gate(F x) { return gelu_sigmoid(x); }
  static F gelu_tanh_derivative(F x) { return gelu_derivative(x); }
};
using Activations = ActivationRules<VectorMath>;

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
