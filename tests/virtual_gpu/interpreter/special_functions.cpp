// rcp, sqrt, rsqrt, sin, cos, lg2, ex2, tanh, copysign, testp. Approximations are more accurate than a GPU's.
#include <cmath>

#include "tests/virtual_gpu/interpreter/arithmetic.h"

namespace convoy::vgpu {
namespace {

struct Rcp {
  template <class T>
  static T f(T a) {
    return T{1} / a;
  }
};
struct Sqrt {
  template <class T>
  static T f(T a) {
    return std::sqrt(a);
  }
};
struct Rsqrt {
  template <class T>
  static T f(T a) {
    return T{1} / std::sqrt(a);
  }
};
struct Sin {
  template <class T>
  static T f(T a) {
    return std::sin(a);
  }
};
struct Cos {
  template <class T>
  static T f(T a) {
    return std::cos(a);
  }
};
struct Lg2 {
  template <class T>
  static T f(T a) {
    return std::log2(a);
  }
};
struct Tanh {
  template <class T>
  static T f(T a) {
    return std::tanh(a);
  }
};
struct Ex2 {
  static double f(double a) { return std::exp2(a); }
  // Error below one ulp, vectorises: 2^r as a polynomial for r in [-1/2, 1/2], scaled twice so that neither factor
  // overflows or becomes subnormal.
  static float f(float x) {
    const float clamped = x < -160.f ? -160.f : x > 130.f ? 130.f : x;
    const float n = __builtin_rintf(clamped), r = clamped - n;
    float p = 1.5252734e-5f;
    p = __builtin_fmaf(p, r, 1.5403530e-4f);
    p = __builtin_fmaf(p, r, 1.3333558e-3f);
    p = __builtin_fmaf(p, r, 9.6181291e-3f);
    p = __builtin_fmaf(p, r, 5.5504109e-2f);
    p = __builtin_fmaf(p, r, 2.4022651e-1f);
    p = __builtin_fmaf(p, r, 6.9314718e-1f);
    p = __builtin_fmaf(p, r, 1.f);
    const i32 exponent = static_cast<i32>(n), first = exponent >> 1;
    const float value = p * bits_to_float(static_cast<u32>(first + 127) << 23) *
                        bits_to_float(static_cast<u32>(exponent - first + 127) << 23);
    return x != x ? x : value;
  }
};

// HALVES, DOUBLES: PTX has the function for such types.
template <class Op, bool HALVES, bool DOUBLES>
void decode_special(InstDecoder& d) {
  const bool ftz = d.has("ftz");
  d.has("approx");
  decode_rounding(d);
  const Type t = d.type();
  if (!is_float(t) && !is_packed_half(t)) d.bad("type");
  if ((is_half(t) && !HALVES) || (t == Type::F64 && !DOUBLES)) d.bad("type");
  decode_float_operation<1, Op>(d, t, {ftz}, kSfu, 0);
}

// ---- copysign: the sign of a, the magnitude of b ----
template <class S>
void copysign_lanes(Warp& w, const Inst& i, u32 m) {
  constexpr S kSign = static_cast<S>(1) << (8 * sizeof(S) - 1);
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  each_lane(reg<S>(w, i.d), m, [&](int l) { return (b[l] & ~kSign) | (a[l] & kSign); });
}
void decode_copysign(InstDecoder& d) {
  const Type t = d.type();
  d.operands(t, 2);
  d.i.fn = t == Type::F64 ? copysign_lanes<u64> : copysign_lanes<u32>;
}

// ---- testp ----
enum Property : u8 { kFinite, kInfinite, kNumber, kNotANumber, kNormal, kSubnormal };

template <class T>
bool has_property(T x, u8 property) {
  switch (property) {
    case kFinite:
      return std::isfinite(x);
    case kInfinite:
      return std::isinf(x);
    case kNumber:
      return x == x;
    case kNotANumber:
      return x != x;
    case kNormal:
      return std::isnormal(x);
    default:
      return std::fpclassify(x) == FP_SUBNORMAL;
  }
}
template <class T>
void testp(Warp& w, const Inst& i, u32 m) {
  const T* a = reg<T>(w, i.a);
  set_predicate(predicate(w, i.d), m, mask_of([&](int l) { return has_property(a[l], i.sub); }));
}
void decode_testp(InstDecoder& d) {
  const int property = d.index_of({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  if (property < 0) d.bad("property");
  d.i.sub = static_cast<u8>(property);
  const Type t = d.type();
  d.i.d = d.predicate_dst(d.op(0));
  d.i.a = d.src(1, t);
  d.i.fn = t == Type::F64 ? testp<double> : testp<float>;
}

PTX_OP("rcp", (decode_special<Rcp, false, true>));
PTX_OP("sqrt", (decode_special<Sqrt, false, true>));
PTX_OP("rsqrt", (decode_special<Rsqrt, false, true>));
PTX_OP("sin", (decode_special<Sin, false, false>));
PTX_OP("cos", (decode_special<Cos, false, false>));
PTX_OP("lg2", (decode_special<Lg2, false, false>));
PTX_OP("ex2", (decode_special<Ex2, true, false>));
PTX_OP("tanh", (decode_special<Tanh, true, false>));
PTX_OP("copysign", decode_copysign);
PTX_OP("testp", decode_testp);

}  // namespace
}  // namespace convoy::vgpu
