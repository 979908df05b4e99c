// Elementary functions of sixteen lanes, relative error below 3e-7, and sums over lanes in a fixed order.
//
// Every operation is written out, fused where it says fma: the same bits on every processor and in both variants.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

inline float sum_lanes(F32x16 a) {
  const __m256 eight = _mm256_add_ps(lower_half(a), upper_half(a));
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
// The sums of four vectors.
inline void sum_lanes_of_four(F32x16 a[4], float sums[4]) {
  transpose_quarters(a);
  const F32x16 quarters = (a[0] + a[1]) + (a[2] + a[3]);
  const __m256 eight = _mm256_add_ps(lower_half(quarters), upper_half(quarters));
  _mm_storeu_ps(sums, _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1)));
}
inline float lane0(F32x16 a) { return _mm_cvtss_f32(_mm256_castps256_ps128(lower_half(a))); }
inline float max_lanes(F32x16 a) {
  const __m256 eight = _mm256_max_ps(lower_half(a), upper_half(a));
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline I32x16 lane_numbers() {
  alignas(64) static constexpr int32_t kNumbers[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(kNumbers);
}

inline F32x16 abs(F32x16 a) { return from_bits(bits_of(a) & broadcast(0x7fffffff)); }
inline F32x16 with_sign_of(F32x16 magnitude, F32x16 sign) {
  return from_bits(bits_of(magnitude) | (bits_of(sign) & broadcast(std::numeric_limits<int32_t>::min())));
}

inline F32x16 horner(F32x16, F32x16 value) { return value; }
template <class... Rest>
inline F32x16 horner(F32x16 x, F32x16 value, float coefficient, Rest... rest) {
  return horner(x, fma(value, x, broadcast(coefficient)), rest...);
}

// (2^r - 1) / r for |r| <= 1/2: Chebyshev interpolation of degree 5, relative error 1.2e-8.
inline F32x16 exp2_slope(F32x16 r) {
  return horner(r, broadcast(0x1.44138ap-13f), 0x1.5f0890p-10f, 0x1.3b2a54p-7f, 0x1.c6af6cp-5f, 0x1.ebfbe0p-3f,
                0x1.62e430p-1f);
}
// 2^n for whole n in [-127, 128]; -127 gives zero and 128 infinity.
inline F32x16 power_of_two(F32x16 n) { return from_bits(shift_left<23>(to_int(n) + broadcast(127))); }

inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2 = 0x1.62e430p-1f;
inline constexpr float kLn2High = 0x1.62e400p-1f, kLn2Low = 0x1.7f7d1cp-20f;  // their sum is ln 2 to 2^-46

// 2^x for x up to 127.5; exactly zero from -126.5 down, minus infinity included.
inline F32x16 exp2(F32x16 x) {
  const F32x16 bounded = max(broadcast(-127.0f), x);  // in this order a NaN stays
  const F32x16 n = round(bounded), r = bounded - n;
  return fma(exp2_slope(r), r, broadcast(1.0f)) * power_of_two(n);
}

// e^x, zero below -87.7, infinity above the largest float.
inline F32x16 exp(F32x16 x) {
  const F32x16 bounded = min(broadcast(89.0f), max(broadcast(-89.0f), x));
  const F32x16 n = round(bounded * broadcast(kLog2E));
  F32x16 r = fma(n, broadcast(-kLn2High), bounded);
  r = fma(n, broadcast(-kLn2Low), r) * broadcast(kLog2E);
  const F32x16 half = round(n * broadcast(0.5f));  // in two factors, since 2^128 alone is infinite
  const F32x16 y = fma(exp2_slope(r), r, broadcast(1.0f)) * power_of_two(half) * power_of_two(n - half);
  return select(x < broadcast(-87.7f), broadcast(0.0f), y);
}

// e^x - 1 for x <= 60, accurate near zero.
inline F32x16 expm1(F32x16 x) {
  const F32x16 bounded = max(broadcast(-60.0f), x);
  const F32x16 n = round(bounded * broadcast(kLog2E));
  F32x16 r = fma(n, broadcast(-kLn2High), bounded);
  r = fma(n, broadcast(-kLn2Low), r) * broadcast(kLog2E);
  const F32x16 scale = power_of_two(n);
  return fma(exp2_slope(r) * r, scale, scale - broadcast(1.0f));
}

inline F32x16 tanh(F32x16 x) {
  const F32x16 t = expm1(min(broadcast(20.0f), broadcast(2.0f) * abs(x)));  // from 10 on tanh rounds to 1
  return with_sign_of(t / (t + broadcast(2.0f)), x);
}

// Natural logarithm of positive normal numbers; minus infinity at zero.
inline F32x16 log(F32x16 x) {
  constexpr int32_t kSqrtHalf = 0x3f3504f3;
  const I32x16 offset = bits_of(x) - broadcast(kSqrtHalf);
  const I32x16 exponent = shift_right<23>(offset + broadcast(128 << 23)) - broadcast(128);
  const F32x16 m = from_bits(bits_of(x) - shift_left<23>(exponent));  // in [sqrt(1/2), sqrt(2))
  const F32x16 f = m - broadcast(1.0f), e = to_float(exponent);
  // (log(1 + f) - f + f^2 / 2) / f^3: Chebyshev interpolation of degree 7.
  const F32x16 tail = horner(f, broadcast(-0.07902744f), 0.12622319f, -0.12998183f, 0.14214496f, -0.16641282f,
                             0.20001045f, -0.25000307f, 0.3333333f);
  const F32x16 square = f * f;
  const F32x16 correction = fma(square * f, tail, fma(square, broadcast(-0.5f), e * broadcast(kLn2Low)));
  const F32x16 y = fma(e, broadcast(kLn2High), f + correction);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const F32x16 positive = select(x < broadcast(kInfinity), y, x);  // infinity and NaN stay
  return select(x < broadcast(std::numeric_limits<float>::min()), broadcast(-kInfinity), positive);
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
