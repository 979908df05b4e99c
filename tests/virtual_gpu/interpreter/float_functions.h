// Handlers of f32 and f64 arithmetic, made of a function of N lanes' values.
#pragma once

#include <cmath>
#include <limits>

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {

inline float flush_subnormal(float x) {
  const u32 u = float_to_bits(x);
  return bits_to_float((u & 0x7f800000) ? u : u & 0x80000000);
}
// To [0, 1]; NaN becomes 0.
template <class T>
inline T saturate(T x) {
  return x > T{0} ? (x < T{1} ? x : T{1}) : T{0};
}

template <class T, bool FTZ>
inline T float_input(T x) {
  if constexpr (FTZ && sizeof(T) == 4)
    return flush_subnormal(x);
  else
    return x;
}
template <class T, bool FTZ, bool SAT>
inline T float_output(T x) {
  x = float_input<T, FTZ>(x);
  if constexpr (SAT) x = saturate(x);
  return x;
}

template <int N, class Op, class T, bool FTZ, bool SAT>
void float_lanes(Warp& w, const Inst& i, u32 m) {
  const T* a = reg<T>(w, i.a);
  const T* b = N > 1 ? reg<T>(w, i.b) : a;
  const T* c = N > 2 ? reg<T>(w, i.c) : a;
  each_lane(reg<T>(w, i.d), m, [&](int l) {
    const T x = float_input<T, FTZ>(a[l]);
    if constexpr (N == 1) return float_output<T, FTZ, SAT>(Op::f(x));
    const T y = float_input<T, FTZ>(b[l]);
    if constexpr (N == 2) return float_output<T, FTZ, SAT>(Op::f(x, y));
    if constexpr (N == 3) return float_output<T, FTZ, SAT>(Op::f(x, y, float_input<T, FTZ>(c[l])));
  });
}
// t: F32 or F64; .ftz flushes subnormal inputs and results of f32, .sat clamps to [0, 1].
template <int N, class Op>
Handler float_handler(Type t, bool ftz, bool sat) {
  if (t == Type::F64) return sat ? float_lanes<N, Op, double, false, true> : float_lanes<N, Op, double, false, false>;
  if (ftz) return sat ? float_lanes<N, Op, float, true, true> : float_lanes<N, Op, float, true, false>;
  return sat ? float_lanes<N, Op, float, false, true> : float_lanes<N, Op, float, false, false>;
}

struct FloatAdd {
  template <class T>
  static T f(T a, T b) {
    return a + b;
  }
};
struct FloatSub {
  template <class T>
  static T f(T a, T b) {
    return a - b;
  }
};
struct FloatMul {
  template <class T>
  static T f(T a, T b) {
    return a * b;
  }
};
struct FloatDiv {
  template <class T>
  static T f(T a, T b) {
    return a / b;
  }
};
struct FloatFma {
  static float f(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
  static double f(double a, double b, double c) { return __builtin_fma(a, b, c); }
};
struct FloatNeg {
  template <class T>
  static T f(T a) {
    return -a;
  }
};
struct FloatAbs {
  template <class T>
  static T f(T a) {
    return std::fabs(a);
  }
};

// PROPAGATE: a NaN operand makes the result NaN; else the other operand is the result. -0 is less than +0.
template <bool MAX, bool PROPAGATE>
struct FloatMinMax {
  template <class T>
  static T f(T a, T b) {
    using Bits = std::conditional_t<sizeof(T) == 8, u64, u32>;
    Bits x, y;
    memcpy(&x, &a, sizeof a);
    memcpy(&y, &b, sizeof b);
    const Bits both = MAX ? x & y : x | y;  // of equal operands: only the sign of zero can differ
    T equal;
    memcpy(&equal, &both, sizeof equal);
    const T result = a == b ? equal : MAX ? (a > b ? a : b) : (a < b ? a : b);
    const T nan = std::numeric_limits<T>::quiet_NaN();
    if (PROPAGATE) return a != a || b != b ? nan : result;
    return a != a ? (b != b ? nan : b) : b != b ? a : result;
  }
};
// .xorsign.abs: of the magnitudes, with the product's sign.
template <class MinMax>
struct XorSignAbs {
  template <class T>
  static T f(T a, T b) {
    const bool negative = std::signbit(a) != std::signbit(b);
    return std::copysign(MinMax::f(std::fabs(a), std::fabs(b)), negative ? T{-1} : T{1});
  }
};

}  // namespace convoy::vgpu
