// Handlers of f16 and bf16 arithmetic, alone or two packed in a register: in f64, rounded once.
#pragma once

#include "tests/virtual_gpu/interpreter/float_functions.h"

namespace convoy::vgpu {

// To the nearest float that is not x itself and odd in the last bit: rounding that again cannot round twice.
inline float round_to_odd(double x) {
  const float f = static_cast<float>(x);
  if (static_cast<double>(f) == x || x != x || std::isinf(f)) return f;
  u32 u = float_to_bits(f);
  if (std::fabs(static_cast<double>(f)) > std::fabs(x)) --u;
  return bits_to_float(u | 1);
}

template <class H>
struct HalfTraits;
template <>
struct HalfTraits<half_t> {
  static constexpr u16 kExponentBits = 0x7c00;
  static half_t round(double x) { return to_half(round_to_odd(x)); }
};
template <>
struct HalfTraits<bf16_t> {
  static constexpr u16 kExponentBits = 0x7f80;
  static bf16_t round(double x) { return to_bf16(round_to_odd(x)); }
};

template <class H>
inline u16 flush_subnormal_half(u16 bits) {
  return bits & HalfTraits<H>::kExponentBits ? bits : bits & 0x8000;
}
template <class H>
inline double half_input(u16 bits, bool ftz) {
  return to_float(H{ftz ? flush_subnormal_half<H>(bits) : bits});
}
// f1: .relu, f2: .sat, f3: .ftz
template <class H>
inline u16 half_output(double x, const Inst& i) {
  if (i.f2) x = saturate(x);
  if (i.f1) x = x > 0 || x != x ? x : 0.0;
  const u16 bits = HalfTraits<H>::round(x).b;
  return i.f3 ? flush_subnormal_half<H>(bits) : bits;
}

template <int N, class Op, class H>
void half_lanes(Warp& w, const Inst& i, u32 m) {  // vec: halves in a register
  const u32* a = reg<u32>(w, i.a);
  const u32* b = N > 1 ? reg<u32>(w, i.b) : a;
  const u32* c = N > 2 ? reg<u32>(w, i.c) : a;
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    u32 result = 0;
    for (int shift = 0; shift < 16 * i.vec; shift += 16) {
      const auto input = [&](u32 word) { return half_input<H>(static_cast<u16>(word >> shift), i.f3); };
      double x;
      if constexpr (N == 1) x = Op::f(input(a[l]));
      if constexpr (N == 2) x = Op::f(input(a[l]), input(b[l]));
      if constexpr (N == 3) x = Op::f(input(a[l]), input(b[l]), input(c[l]));
      result |= static_cast<u32>(half_output<H>(x, i)) << shift;
    }
    return result;
  });
}
// t: a half type; sets i.vec.
template <int N, class Op>
Handler half_handler(Inst& i, Type t) {
  i.vec = is_packed_half(t) ? 2 : 1;
  return t == Type::F16 || t == Type::F16X2 ? half_lanes<N, Op, half_t> : half_lanes<N, Op, bf16_t>;
}

}  // namespace convoy::vgpu
