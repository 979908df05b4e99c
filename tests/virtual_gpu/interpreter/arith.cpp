// arith.cpp - integer, logic, comparison and floating-point arithmetic.
#include <type_traits>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
namespace {
template <class T>
using Wide = std::conditional_t<sizeof(T) < 4, u32, std::make_unsigned_t<T>>;  // no int promotion surprises
template <class T>
T wrap(Wide<T> x) {
  return (T)x;
}

// Select a handler instance K::run<T> by instruction type.
template <class K>
Handler by_integer_type(Type t) {
  switch (t) {
    case Type::U8:
    case Type::B8:
      return &K::template run<u8>;
    case Type::S8:
      return &K::template run<i8>;
    case Type::U16:
    case Type::B16:
      return &K::template run<u16>;
    case Type::S16:
      return &K::template run<i16>;
    case Type::U32:
    case Type::B32:
      return &K::template run<u32>;
    case Type::S32:
      return &K::template run<i32>;
    case Type::U64:
    case Type::B64:
      return &K::template run<u64>;
    case Type::S64:
      return &K::template run<i64>;
    default:
      return nullptr;
  }
}

// ---- generic lane kernels ----
template <class Op>
struct Un {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    S* d = reg<S>(w, i.d);
    const S* a = reg<S>(w, i.a);
    each_lane(d, m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]))); });
  }
};
template <class Op>
struct Bin {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    S* d = reg<S>(w, i.d);
    const S* a = reg<S>(w, i.a);
    const S* b = reg<S>(w, i.b);
    each_lane(d, m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), read_lane<T>(b[l]))); });
  }
};
template <class Op>
struct Tern {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    S* d = reg<S>(w, i.d);
    const S* a = reg<S>(w, i.a);
    const S* b = reg<S>(w, i.b);
    const S* c = reg<S>(w, i.c);
    each_lane(d, m,
              [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), read_lane<T>(b[l]), read_lane<T>(c[l]))); });
  }
};
template <class Op>
struct ToU32 {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {  // popc, clz, ...: u32 result
    using S = typename LaneStorage<T>::type;
    u32* d = reg<u32>(w, i.d);
    const S* a = reg<S>(w, i.a);
    each_lane(d, m, [&](int l) { return (u32)Op::f(read_lane<T>(a[l])); });
  }
};
template <class Op>
struct Shift {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {  // second operand is always u32
    using S = typename LaneStorage<T>::type;
    S* d = reg<S>(w, i.d);
    const S* a = reg<S>(w, i.a);
    const u32* b = reg<u32>(w, i.b);
    each_lane(d, m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), b[l])); });
  }
};

// ---- integer operations ----
struct IAdd {
  template <class T>
  static T f(T a, T b) {
    return wrap<T>((Wide<T>)a + (Wide<T>)b);
  }
};
struct ISub {
  template <class T>
  static T f(T a, T b) {
    return wrap<T>((Wide<T>)a - (Wide<T>)b);
  }
};
struct IMul {
  template <class T>
  static T f(T a, T b) {
    return wrap<T>((Wide<T>)a * (Wide<T>)b);
  }
};
struct IMulHi {
  template <class T>
  static T f(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      using W = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
      return (T)(((W)a * (W)b) >> 64);
    } else {
      using W = std::conditional_t<std::is_signed_v<T>, i64, u64>;
      return (T)(((W)a * (W)b) >> (8 * sizeof(T)));
    }
  }
};
struct IMad {
  template <class T>
  static T f(T a, T b, T c) {
    return IAdd::f(IMul::f(a, b), c);
  }
};
struct IMadHi {
  template <class T>
  static T f(T a, T b, T c) {
    return IAdd::f(IMulHi::f(a, b), c);
  }
};
struct IMul24 {
  template <class T>
  static T f(T a, T b) {
    return (T)((u32)((i32)((u32)a << 8) >> 8) * (u32)((i32)((u32)b << 8) >> 8));
  }
};
struct IMul24U {
  template <class T>
  static T f(T a, T b) {
    return (T)(((u32)a & 0xffffff) * ((u32)b & 0xffffff));
  }
};
struct IMad24 {
  template <class T>
  static T f(T a, T b, T c) {
    return IAdd::f(std::is_signed_v<T> ? IMul24::f(a, b) : IMul24U::f(a, b), c);
  }
};
struct IDiv {
  template <class T>
  static T f(T a, T b) {
    if (b == 0) return (T) ~(T)0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return ISub::f((T)0, a);
    }
    return a / b;
  }
};
struct IRem {
  template <class T>
  static T f(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return a % b;
  }
};
struct IMin {
  template <class T>
  static T f(T a, T b) {
    return a < b ? a : b;
  }
};
struct IMax {
  template <class T>
  static T f(T a, T b) {
    return a > b ? a : b;
  }
};
struct IAbs {
  template <class T>
  static T f(T a) {
    return a < 0 ? ISub::f((T)0, a) : a;
  }
};
struct INeg {
  template <class T>
  static T f(T a) {
    return ISub::f((T)0, a);
  }
};
struct INot {
  template <class T>
  static T f(T a) {
    return (T)~a;
  }
};
struct ICnot {
  template <class T>
  static T f(T a) {
    return a == 0 ? 1 : 0;
  }
};
struct IAnd {
  template <class T>
  static T f(T a, T b) {
    return a & b;
  }
};
struct IOr {
  template <class T>
  static T f(T a, T b) {
    return a | b;
  }
};
struct IXor {
  template <class T>
  static T f(T a, T b) {
    return a ^ b;
  }
};
struct ISad {
  template <class T>
  static T f(T a, T b, T c) {
    return IAdd::f(c, a < b ? ISub::f(b, a) : ISub::f(a, b));
  }
};
struct IAddSat {
  template <class T>
  static T f(T a, T b) {
    i64 r = (i64)a + b;
    return (T)(r > INT32_MAX ? INT32_MAX : r < INT32_MIN ? INT32_MIN : r);
  }
};
struct ISubSat {
  template <class T>
  static T f(T a, T b) {
    i64 r = (i64)a - b;
    return (T)(r > INT32_MAX ? INT32_MAX : r < INT32_MIN ? INT32_MIN : r);
  }
};
struct IShl {
  template <class T>
  static T f(T a, u32 s) {
    return s >= 8 * sizeof(T) ? 0 : wrap<T>((Wide<T>)a << s);
  }
};
struct IShr {
  template <class T>
  static T f(T a, u32 s) {
    constexpr u32 W = 8 * sizeof(T);
    return s >= W ? (std::is_signed_v<T> ? (T)(a >> (W - 1)) : (T)0) : (T)(a >> s);
  }
};
struct IPopc {
  template <class T>
  static u32 f(T a) {
    return __builtin_popcountll((std::make_unsigned_t<T>)a);
  }
};
struct IClz {
  template <class T>
  static u32 f(T a) {
    u64 x = (std::make_unsigned_t<T>)a;
    return x ? __builtin_clzll(x) - (64 - 8 * sizeof(T)) : 8 * sizeof(T);
  }
};
struct IBfind {
  template <class T>
  static u32 f(T a) {
    u64 x = (std::make_unsigned_t<T>)(std::is_signed_v<T> && a < 0 ? ~a : a);
    return x ? 63 - __builtin_clzll(x) : ~0u;
  }
};
struct IBfindShift {
  template <class T>
  static u32 f(T a) {
    u32 r = IBfind::f(a);
    return r == ~0u ? r : 8 * sizeof(T) - 1 - r;
  }
};
struct IBrev {
  template <class T>
  static T f(T a) {
    u64 x = (std::make_unsigned_t<T>)a, r = 0;
    for (u32 k = 0; k < 8 * sizeof(T); ++k) r |= (x >> k & 1) << (8 * sizeof(T) - 1 - k);
    return (T)r;
  }
};

template <class T>
void bfe(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<T>::type;
  using U = std::make_unsigned_t<T>;
  S* d = reg<S>(w, i.d);
  const S* a = reg<S>(w, i.a);
  const u32* b = reg<u32>(w, i.b);
  const u32* c = reg<u32>(w, i.c);
  constexpr u32 W = 8 * sizeof(T);
  each_lane(d, m, [&](int l) {
    u32 pos = b[l] & 255, len = c[l] & 255;
    U x = (U)a[l];
    if (!len) return (S)0;
    bool sign = std::is_signed_v<T> && (x >> std::min(pos + len - 1, W - 1) & 1);
    U v = pos >= W ? 0 : x >> pos;
    u32 have = pos >= W ? 0 : std::min(len, W - pos);
    if (have < W) {
      U keep = ((U)1 << have) - 1;
      v &= keep;
      if (sign) v |= ~keep;
    }
    return (S)v;
  });
}
template <class T>
void bfi(Warp& w, const Inst& i, u32 m) {
  T* d = reg<T>(w, i.d);
  const T* a = reg<T>(w, i.a);
  const T* b = reg<T>(w, i.b);
  const u32* c = reg<u32>(w, i.c);
  const u32* e = reg<u32>(w, i.e);
  constexpr u32 W = 8 * sizeof(T);
  each_lane(d, m, [&](int l) {
    u32 pos = c[l] & 255, len = e[l] & 255;
    if (pos >= W || !len) return b[l];
    T keep = len >= W ? ~(T)0 : ((T)1 << len) - 1;
    keep <<= pos;
    return (T)((b[l] & ~keep) | ((a[l] << pos) & keep));
  });
}
template <class D, class T>
void mul_wide(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<D>::type;
  S* d = reg<S>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  const u32* b = reg<u32>(w, i.b);
  each_lane(d, m, [&](int l) { return (S)((D)(T)a[l] * (D)(T)b[l]); });
}
template <class D, class T>
void mad_wide(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<D>::type;
  S* d = reg<S>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  const u32* b = reg<u32>(w, i.b);
  const S* c = reg<S>(w, i.c);
  each_lane(d, m, [&](int l) { return (S)((S)((D)(T)a[l] * (D)(T)b[l]) + c[l]); });
}
void lop3(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  u32 lut = (u32)i.imm;
  each_lane(d, m, [&](int l) {
    u32 r = 0, x = a[l], y = b[l], z = c[l];
    if (lut & 1) r |= ~x & ~y & ~z;
    if (lut & 2) r |= ~x & ~y & z;
    if (lut & 4) r |= ~x & y & ~z;
    if (lut & 8) r |= ~x & y & z;
    if (lut & 16) r |= x & ~y & ~z;
    if (lut & 32) r |= x & ~y & z;
    if (lut & 64) r |= x & y & ~z;
    if (lut & 128) r |= x & y & z;
    return r;
  });
}
template <bool Left, bool Wrap>
void shf(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(d, m, [&](int l) {
    u32 s = Wrap ? c[l] & 31 : std::min(c[l], 32u);
    u64 v = a[l] | (u64)b[l] << 32;
    return (u32)(Left ? (v << s) >> 32 : v >> s);
  });
}
void prmt(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  int mode = i.sub;
  each_lane(d, m, [&](int l) {
    u64 ab = a[l] | (u64)b[l] << 32;
    u32 s = c[l], r = 0, k = s & 3;
    auto byte = [&](u32 n) { return (u32)(ab >> (8 * (n & 7))) & 255; };
    for (u32 n = 0; n < 4; ++n) {
      u32 v = 0;
      switch (mode) {
        case 0: {
          u32 q = s >> (4 * n) & 15;
          v = byte(q);
          if (q & 8) v = v & 128 ? 255 : 0;
          break;
        }
        case 1:
          v = byte(k + n);
          break;  // f4e
        case 2:
          v = byte(k - n);
          break;  // b4e
        case 3:
          v = byte(k);
          break;  // rc8
        case 4:
          v = byte(std::max(n, k));
          break;  // ecl
        case 5:
          v = byte(std::min(n, k));
          break;  // ecr
        default:
          v = byte((k & 1) * 2 + (n & 1));
          break;  // rc16
      }
      r |= v << (8 * n);
    }
    return r;
  });
}
template <bool SA, bool SB>
void dp4a(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(d, m, [&](int l) {
    i32 r = (i32)c[l];
    for (int k = 0; k < 4; ++k) {
      u8 x = a[l] >> (8 * k), y = b[l] >> (8 * k);
      r += (SA ? (i32)(i8)x : (i32)x) * (SB ? (i32)(i8)y : (i32)y);
    }
    return (u32)r;
  });
}
// carry chains: sub selects the operation, f1 = reads carry, f2 = writes carry
template <class T>
void carry_op(Warp& w, const Inst& i, u32 m) {
  using W = unsigned __int128;
  T* d = reg<T>(w, i.d);
  const T* a = reg<T>(w, i.a);
  const T* b = reg<T>(w, i.b);
  const T* c = reg<T>(w, i.c);
  constexpr int bits = 8 * sizeof(T);
  for_lanes(m, [&](int l) {
    u32 cin = i.f1 ? w.carry >> l & 1 : 0;
    W r = 0;
    bool cout = false;
    auto prod = [&](bool hi) {
      W p = i.f3 ? (W)((__int128)(std::make_signed_t<T>)a[l] * (std::make_signed_t<T>)b[l]) : (W)a[l] * b[l];
      return (W)(T)(hi ? p >> bits : p);
    };
    switch (i.sub) {
      case 0:
        r = (W)a[l] + b[l] + cin;
        cout = r >> bits;
        break;
      case 1:
        r = (W)a[l] - b[l] - cin;
        cout = (W)a[l] < (W)b[l] + cin;
        break;
      case 2:
        r = prod(false) + c[l] + cin;
        cout = r >> bits;
        break;
      default:
        r = prod(true) + c[l] + cin;
        cout = r >> bits;
        break;
    }
    d[l] = (T)r;
    if (i.f2) w.carry = (w.carry & ~(1u << l)) | (u32)cout << l;
  });
}

// ---- floating point operations ----
inline float ftz(float x) {
  u32 u = float_to_bits(x);
  return bits_to_float((u & 0x7f800000) ? u : u & 0x80000000);
}
inline float sat01(float x) { return x > 0.f ? (x < 1.f ? x : 1.f) : 0.f; }  // NaN -> 0
inline double sat01(double x) { return x > 0. ? (x < 1. ? x : 1.) : 0.; }

struct FAdd {
  template <class T>
  static T f(T a, T b) {
    return a + b;
  }
};
struct FSub {
  template <class T>
  static T f(T a, T b) {
    return a - b;
  }
};
struct FMul {
  template <class T>
  static T f(T a, T b) {
    return a * b;
  }
};
struct FDiv {
  template <class T>
  static T f(T a, T b) {
    return a / b;
  }
};
template <bool NaN, bool Max>
struct FMinMax {
  template <class T>
  static T f(T a, T b) {
    using U = std::conditional_t<sizeof(T) == 8, u64, u32>;
    U x, y;
    memcpy(&x, &a, sizeof a);
    memcpy(&y, &b, sizeof b);
    U z = Max ? x & y : x | y;
    T eq;
    memcpy(&eq, &z, sizeof z);  // equal operands: only the sign of zero can differ
    T r = a == b ? eq : Max ? (a > b ? a : b) : (a < b ? a : b);
    T nan = std::numeric_limits<T>::quiet_NaN();
    if (NaN) return a != a || b != b ? nan : r;
    return a != a ? (b != b ? nan : b) : b != b ? a : r;
  }
};
struct FFma {
  template <class T>
  static T f(T a, T b, T c) {
    if constexpr (sizeof(T) == 8)
      return __builtin_fma(a, b, c);
    else
      return __builtin_fmaf(a, b, c);
  }
};
struct FNeg {
  template <class T>
  static T f(T a) {
    return -a;
  }
};
struct FAbs {
  template <class T>
  static T f(T a) {
    return std::fabs(a);
  }
};
struct FRcp {
  template <class T>
  static T f(T a) {
    return (T)1 / a;
  }
};
struct FSqrt {
  template <class T>
  static T f(T a) {
    return std::sqrt(a);
  }
};
struct FRsqrt {
  template <class T>
  static T f(T a) {
    return (T)1 / std::sqrt(a);
  }
};
struct FSin {
  template <class T>
  static T f(T a) {
    return std::sin(a);
  }
};
struct FCos {
  template <class T>
  static T f(T a) {
    return std::cos(a);
  }
};
struct FLg2 {
  template <class T>
  static T f(T a) {
    return std::log2(a);
  }
};
struct FTanh {
  template <class T>
  static T f(T a) {
    return std::tanh(a);
  }
};
struct FEx2 {
  template <class T>
  static T f(T x) {  // 2^x, error below one ulp, vectorisable
    float c = x < -160.f ? -160.f : x > 130.f ? 130.f : x;
    float n = __builtin_rintf(c), r = c - n;
    float p = 1.5252734e-5f;
    p = __builtin_fmaf(p, r, 1.5403530e-4f);
    p = __builtin_fmaf(p, r, 1.3333558e-3f);
    p = __builtin_fmaf(p, r, 9.6181291e-3f);
    p = __builtin_fmaf(p, r, 5.5504109e-2f);
    p = __builtin_fmaf(p, r, 2.4022651e-1f);
    p = __builtin_fmaf(p, r, 6.9314718e-1f);
    p = __builtin_fmaf(p, r, 1.f);
    i32 k = (i32)n, h = k >> 1;
    float v = p * bits_to_float((u32)(h + 127) << 23) * bits_to_float((u32)(k - h + 127) << 23);
    return x != x ? x : v;
  }
};

// f32/f64 kernels: FTZ flushes denormal inputs and results, SAT clamps to [0,1]
template <class T, bool FTZ>
inline T fin(T x) {
  if constexpr (FTZ && sizeof(T) == 4)
    return ftz(x);
  else
    return x;
}
template <class T, bool FTZ, bool SAT>
inline T fout(T x) {
  x = fin<T, FTZ>(x);
  if constexpr (SAT) x = sat01(x);
  return x;
}
template <class Op, class T, bool FTZ, bool SAT>
void fun1(Warp& w, const Inst& i, u32 m) {
  T* d = reg<T>(w, i.d);
  const T* a = reg<T>(w, i.a);
  each_lane(d, m, [&](int l) { return fout<T, FTZ, SAT>(Op::f(fin<T, FTZ>(a[l]))); });
}
template <class Op, class T, bool FTZ, bool SAT>
void fun2(Warp& w, const Inst& i, u32 m) {
  T* d = reg<T>(w, i.d);
  const T *a = reg<T>(w, i.a), *b = reg<T>(w, i.b);
  each_lane(d, m, [&](int l) { return fout<T, FTZ, SAT>(Op::f(fin<T, FTZ>(a[l]), fin<T, FTZ>(b[l]))); });
}
template <class Op, class T, bool FTZ, bool SAT>
void fun3(Warp& w, const Inst& i, u32 m) {
  T* d = reg<T>(w, i.d);
  const T *a = reg<T>(w, i.a), *b = reg<T>(w, i.b), *c = reg<T>(w, i.c);
  each_lane(d, m,
            [&](int l) { return fout<T, FTZ, SAT>(Op::f(fin<T, FTZ>(a[l]), fin<T, FTZ>(b[l]), fin<T, FTZ>(c[l]))); });
}
#define PICK_F(fn)                                                                             \
  template <class Op>                                                                          \
  Handler pick_##fn(Type t, bool z, bool s) {                                                  \
    if (t == Type::F64) return s ? fn<Op, double, false, true> : fn<Op, double, false, false>; \
    if (z) return s ? fn<Op, float, true, true> : fn<Op, float, true, false>;                  \
    return s ? fn<Op, float, false, true> : fn<Op, float, false, false>;                       \
  }
PICK_F(fun1)
PICK_F(fun2)
PICK_F(fun3)

    // half precision: computed in double and rounded once; packed types apply to both halves.
    // f1: .relu, f2: .sat, f3: .ftz (bf16 has no ftz, f16 denormals flush)
    inline float round_to_odd_float(double x) {  // round to odd, so that a second rounding is exact
  float f = (float)x;
  if ((double)f == x || x != x || std::isinf(f)) return f;
  u32 u = float_to_bits(f);
  if (std::fabs((double)f) > std::fabs(x)) --u;
  return bits_to_float(u | 1);
}
template <class H>
H round_to(double x) {
  if constexpr (std::is_same_v<H, half_t>)
    return to_half(round_to_odd_float(x));
  else
    return to_bf16(round_to_odd_float(x));
}
template <class H>
inline double hin(u16 b, bool z) {
  if (z && std::is_same_v<H, half_t> && !(b & 0x7c00)) b &= 0x8000;
  return to_float(H{b});
}
template <class H>
inline u16 hout(double r, const Inst& i) {
  if (i.f2) r = sat01(r);
  if (i.f1) r = r > 0 || r != r ? r : 0.0;
  u16 b = round_to<H>(r).b;
  if (i.f3 && std::is_same_v<H, half_t> && !(b & 0x7c00)) b &= 0x8000;
  return b;
}
template <class Op, class H, int N>
void hfun(Warp& w, const Inst& i, u32 m) {  // N operands; i.vec halves per register
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = N > 1 ? reg<u32>(w, i.b) : a, *c = N > 2 ? reg<u32>(w, i.c) : a;
  each_lane(d, m, [&](int l) {
    u32 r = 0;
    for (int k = 0; k < i.vec; ++k) {
      auto h = [&](u32 x) { return hin<H>((u16)(x >> (16 * k)), i.f3); };
      double v;
      if constexpr (N == 1)
        v = Op::f(h(a[l]));
      else if constexpr (N == 2)
        v = Op::f(h(a[l]), h(b[l]));
      else
        v = Op::f(h(a[l]), h(b[l]), h(c[l]));
      r |= (u32)hout<H>(v, i) << (16 * k);
    }
    return r;
  });
}
bool is_half(Type t) { return t == Type::F16 || t == Type::F16X2 || t == Type::BF16 || t == Type::BF16X2; }
template <class Op, int N>
Handler pick_half(Inst& i, Type t) {
  i.vec = t == Type::F16X2 || t == Type::BF16X2 ? 2 : 1;
  return t == Type::F16 || t == Type::F16X2 ? hfun<Op, half_t, N> : hfun<Op, bf16_t, N>;
}
struct HEx2 {
  static double f(double a) { return std::exp2(a); }
};
struct HTanh {
  static double f(double a) { return std::tanh(a); }
};

// Directed rounding: run the wrapped handler under another MXCSR rounding mode.
void with_rounding(Warp& w, const Inst& i, u32 m) {
  static const u32 mode[4] = {0, 0x6000, 0x2000, 0x4000};  // rn rz rm rp
  u32 old = _mm_getcsr();
  _mm_setcsr((old & ~0x6000u) | mode[i.sub]);
  i.inner(w, i, m);
  _mm_setcsr(old);
}
void rounding_mode(InstDecoder& d) {
  std::string r = d.one_of({"rn", "rz", "rm", "rp"});
  d.i.sub = r == "rz" ? 1 : r == "rm" ? 2 : r == "rp" ? 3 : 0;
}
void apply_rounding(Inst& i) {
  if (i.sub) {
    i.inner = i.fn;
    i.fn = with_rounding;
  }
}

// ---- decoding ----
void operands(InstDecoder& d, Type t, int n) {
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  if (n > 1) d.i.b = d.src(2, t);
  if (n > 2) d.i.c = d.src(3, t);
  if ((int)d.n() != n + 1) d.bad("wrong number of operands");
}
Type arith_type(InstDecoder& d) {
  Type t = d.type();
  d.i.ty = t;
  return t;
}

template <class IOp, class FOp>
void add_sub(InstDecoder& d, int carry_sub) {
  bool cc = d.has("cc"), sat = d.has("sat"), z = d.has("ftz");
  rounding_mode(d);
  Type t = arith_type(d);
  Inst& i = d.i;
  if (is_float(t) || is_half(t)) {
    operands(d, t, 2);
    if (is_half(t)) {
      i.f2 = sat;
      i.f3 = z;
      i.fn = pick_half<FOp, 2>(i, t);
      if (i.sub) d.bad("rounding mode");
      i.cls = kFlop32;
      i.flops = i.vec;
    } else {
      i.fn = pick_fun2<FOp>(t, z, sat);
      apply_rounding(i);
      i.cls = kFlop32;
      i.flops = 1;
    }
    return;
  }
  operands(d, t, 2);
  if (cc) {
    i.f2 = true;
    i.sub = carry_sub;
    i.c = i.a;
    i.fn = type_size(t) == 8 ? carry_op<u64> : carry_op<u32>;
    return;
  }
  if (sat) {
    if (t != Type::S32) d.bad(".sat");
    i.fn = carry_sub ? &Bin<ISubSat>::run<i32> : &Bin<IAddSat>::run<i32>;
    return;
  }
  if (t == Type::U16X2 || t == Type::S16X2) d.bad("packed 16-bit integers");
  i.fn = by_integer_type<Bin<IOp>>(t);
}
void decode_add(InstDecoder& d) { add_sub<IAdd, FAdd>(d, 0); }
void decode_sub(InstDecoder& d) { add_sub<ISub, FSub>(d, 1); }
template <int SUB>
void decode_carry(InstDecoder& d) {  // addc / subc
  d.i.f2 = d.has("cc");
  d.i.f1 = true;
  d.i.sub = SUB;
  Type t = arith_type(d);
  operands(d, t, 2);
  d.i.c = d.i.a;
  d.i.fn = type_size(t) == 8 ? carry_op<u64> : carry_op<u32>;
}
void decode_mul(InstDecoder& d) {
  Inst& i = d.i;
  std::string part = d.one_of({"lo", "hi", "wide"});
  bool sat = d.has("sat"), z = d.has("ftz");
  rounding_mode(d);
  Type t = arith_type(d);
  if (is_half(t)) {
    operands(d, t, 2);
    i.f2 = sat;
    i.f3 = z;
    i.fn = pick_half<FMul, 2>(i, t);
    i.cls = kFlop32;
    i.flops = i.vec;
    return;
  }
  if (is_float(t)) {
    operands(d, t, 2);
    i.fn = pick_fun2<FMul>(t, z, sat);
    apply_rounding(i);
    i.cls = kFlop32;
    i.flops = 1;
    return;
  }
  if (part == "wide") {
    Type wt = type_size(t) == 4 ? Type::U64 : Type::U32;
    i.d = d.dst(0, wt);
    i.a = d.src(1, t);
    i.b = d.src(2, t);
    switch (t) {
      case Type::U16:
        i.fn = mul_wide<u32, u16>;
        break;
      case Type::S16:
        i.fn = mul_wide<i32, i16>;
        break;
      case Type::U32:
        i.fn = mul_wide<u64, u32>;
        break;
      case Type::S32:
        i.fn = mul_wide<i64, i32>;
        break;
      default:
        d.bad("type");
    }
    return;
  }
  operands(d, t, 2);
  i.fn = part == "hi" ? by_integer_type<Bin<IMulHi>>(t) : by_integer_type<Bin<IMul>>(t);
}
template <bool CARRY_IN>
void decode_mad(InstDecoder& d) {
  Inst& i = d.i;
  std::string part = d.one_of({"lo", "hi", "wide"});
  bool cc = d.has("cc"), sat = d.has("sat"), z = d.has("ftz");
  rounding_mode(d);
  Type t = arith_type(d);
  if (is_float(t)) {
    operands(d, t, 3);
    i.fn = pick_fun3<FFma>(t, z, sat);
    apply_rounding(i);
    i.cls = kFma32;
    i.flops = 2;
    return;
  }
  if (sat) d.bad(".sat");
  if (part == "wide") {
    Type wt = type_size(t) == 4 ? Type::U64 : Type::U32;
    i.d = d.dst(0, wt);
    i.a = d.src(1, t);
    i.b = d.src(2, t);
    i.c = d.src(3, wt);
    switch (t) {
      case Type::U16:
        i.fn = mad_wide<u32, u16>;
        break;
      case Type::S16:
        i.fn = mad_wide<i32, i16>;
        break;
      case Type::U32:
        i.fn = mad_wide<u64, u32>;
        break;
      case Type::S32:
        i.fn = mad_wide<i64, i32>;
        break;
      default:
        d.bad("type");
    }
    return;
  }
  operands(d, t, 3);
  if (cc || CARRY_IN) {
    i.f1 = CARRY_IN;
    i.f2 = cc;
    i.f3 = is_signed(t);
    i.sub = part == "hi" ? 3 : 2;
    i.fn = type_size(t) == 8 ? carry_op<u64> : carry_op<u32>;
    return;
  }
  i.fn = part == "hi" ? by_integer_type<Tern<IMadHi>>(t) : by_integer_type<Tern<IMad>>(t);
}
void decode_fma(InstDecoder& d) {
  Inst& i = d.i;
  bool sat = d.has("sat"), z = d.has("ftz"), relu = d.has("relu");
  rounding_mode(d);
  Type t = arith_type(d);
  operands(d, t, 3);
  i.cls = kFma32;
  i.flops = 2;
  if (is_half(t)) {
    i.f1 = relu;
    i.f2 = sat;
    i.f3 = z;
    i.fn = pick_half<FFma, 3>(i, t);
    i.flops = 2 * i.vec;
    return;
  }
  if (!is_float(t) || relu) d.bad("type");
  i.fn = pick_fun3<FFma>(t, z, sat);
  apply_rounding(i);
}
void decode_div(InstDecoder& d) {
  Inst& i = d.i;
  bool z = d.has("ftz");
  d.one_of({"approx", "full"});
  rounding_mode(d);
  Type t = arith_type(d);
  operands(d, t, 2);
  if (is_float(t)) {
    if (is_half(t)) d.bad("type");
    i.fn = pick_fun2<FDiv>(t, z, false);
    apply_rounding(i);
    i.cls = kFlop32;
    i.flops = 1;
  } else
    i.fn = by_integer_type<Bin<IDiv>>(t);
}
void decode_rem(InstDecoder& d) {
  Type t = arith_type(d);
  operands(d, t, 2);
  d.i.fn = by_integer_type<Bin<IRem>>(t);
}
template <bool MAX>
void decode_min_max(InstDecoder& d) {
  Inst& i = d.i;
  bool nan = d.has("NaN"), z = d.has("ftz"), relu = d.has("relu");
  Type t = arith_type(d);
  operands(d, t, 2);
  if (is_half(t)) {
    i.f3 = z;
    i.fn = nan ? pick_half<FMinMax<true, MAX>, 2>(i, t) : pick_half<FMinMax<false, MAX>, 2>(i, t);
    if (relu) d.bad(".relu");
    return;
  }
  if (relu) d.bad(".relu");
  if (is_float(t)) {
    i.fn = nan ? pick_fun2<FMinMax<true, MAX>>(t, z, false) : pick_fun2<FMinMax<false, MAX>>(t, z, false);
    i.cls = kFlop32;
    i.flops = 1;
    return;
  }
  i.fn = MAX ? by_integer_type<Bin<IMax>>(t) : by_integer_type<Bin<IMin>>(t);
}
template <u32 HMASK>
void half_bits(Warp& w, const Inst& i, u32 m) {  // abs (clear) / neg (flip) of the sign bits
  u32* d = reg<u32>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  u32 s = (u32)i.imm;
  each_lane(d, m, [&](int l) { return HMASK ? a[l] & ~s : a[l] ^ s; });
}
template <bool ABS>
void decode_abs_neg(InstDecoder& d) {
  Inst& i = d.i;
  bool z = d.has("ftz");
  Type t = arith_type(d);
  operands(d, t, 1);
  if (is_half(t)) {
    i.imm = type_size(t) == 4 ? 0x80008000 : 0x8000;
    i.fn = ABS ? half_bits<1> : half_bits<0>;
    return;
  }
  if (is_float(t)) {
    i.fn = ABS ? pick_fun1<FAbs>(t, z, false) : pick_fun1<FNeg>(t, z, false);
    return;
  }
  i.fn = ABS ? by_integer_type<Un<IAbs>>(t) : by_integer_type<Un<INeg>>(t);
}
void pred_logic(Warp& w, const Inst& i, u32 m) {
  u32 a = predicate(w, i.a), b = predicate(w, i.b);
  if (i.f1) a = ~a;
  if (i.f2) b = ~b;
  set_predicate(predicate(w, i.d), m, i.sub == 0 ? a & b : i.sub == 1 ? a | b : i.sub == 2 ? a ^ b : ~a);
}
template <class Op, int SUB>
void decode_logic(InstDecoder& d) {
  Type t = arith_type(d);
  Inst& i = d.i;
  if (t == Type::Pred) {
    i.sub = SUB;
    i.d = d.predicate_dst(d.r.ops.at(0));
    i.a = d.predicate_src(d.r.ops.at(1), i.f1);
    i.b = d.predicate_src(d.r.ops.at(2), i.f2);
    i.fn = pred_logic;
    return;
  }
  operands(d, t, 2);
  i.fn = by_integer_type<Bin<Op>>(t);
}
void decode_not(InstDecoder& d) {
  Type t = arith_type(d);
  Inst& i = d.i;
  if (t == Type::Pred) {
    i.sub = 3;
    i.d = d.predicate_dst(d.r.ops.at(0));
    i.a = i.b = d.predicate_src(d.r.ops.at(1), i.f1);
    i.fn = pred_logic;
    return;
  }
  operands(d, t, 1);
  i.fn = by_integer_type<Un<INot>>(t);
}
void decode_cnot(InstDecoder& d) {
  Type t = arith_type(d);
  operands(d, t, 1);
  d.i.fn = by_integer_type<Un<ICnot>>(t);
}
template <class Op>
void decode_shift(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, Type::U32);
  d.i.fn = by_integer_type<Shift<Op>>(t);
}
void decode_shf(InstDecoder& d) {
  bool left = d.one_of({"l", "r"}) == "l", wrapm = d.one_of({"clamp", "wrap"}) == "wrap";
  Type t = arith_type(d);
  operands(d, t, 3);
  d.i.fn = left ? (wrapm ? shf<true, true> : shf<true, false>) : (wrapm ? shf<false, true> : shf<false, false>);
}
void decode_prmt(InstDecoder& d) {
  Type t = arith_type(d);
  static const char* modes[] = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
  for (int k = 0; k < 6; ++k)
    if (d.has(modes[k])) d.i.sub = k + 1;
  operands(d, t, 3);
  d.i.fn = prmt;
}
void decode_lop3(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, t);
  d.i.imm = (i64)d.immediate(4);
  d.i.fn = lop3;
}
template <class Op>
void decode_to_u32(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, Type::U32);
  d.i.a = d.src(1, t);
  d.i.fn = by_integer_type<ToU32<Op>>(t);
}
void decode_bfind(InstDecoder& d) {
  bool s = d.has("shiftamt");
  Type t = arith_type(d);
  d.i.d = d.dst(0, Type::U32);
  d.i.a = d.src(1, t);
  d.i.fn = s ? by_integer_type<ToU32<IBfindShift>>(t) : by_integer_type<ToU32<IBfind>>(t);
}
void decode_brev(InstDecoder& d) {
  Type t = arith_type(d);
  operands(d, t, 1);
  d.i.fn = by_integer_type<Un<IBrev>>(t);
}
void decode_bfe(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, Type::U32);
  d.i.c = d.src(3, Type::U32);
  d.i.fn = t == Type::U32 ? bfe<u32> : t == Type::S32 ? bfe<i32> : t == Type::U64 ? bfe<u64> : bfe<i64>;
}
void decode_bfi(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, Type::U32);
  d.i.e = d.src(4, Type::U32);
  d.i.fn = type_size(t) == 8 ? bfi<u64> : bfi<u32>;
}
void decode_sad(InstDecoder& d) {
  Type t = arith_type(d);
  operands(d, t, 3);
  d.i.fn = by_integer_type<Tern<ISad>>(t);
}
void decode_mul24(InstDecoder& d) {
  if (!d.has("lo")) d.bad("mul24.hi");
  Type t = arith_type(d);
  operands(d, t, 2);
  d.i.fn = t == Type::S32 ? &Bin<IMul24>::run<i32> : &Bin<IMul24U>::run<u32>;
}
void decode_mad24(InstDecoder& d) {
  if (!d.has("lo")) d.bad("mad24.hi");
  Type t = arith_type(d);
  operands(d, t, 3);
  d.i.fn = t == Type::S32 ? &Tern<IMad24>::run<i32> : &Tern<IMad24>::run<u32>;
}
void decode_dp4a(InstDecoder& d) {
  Type ta = d.type(), tb = d.type();
  d.i.d = d.dst(0, Type::U32);
  d.i.a = d.src(1, Type::U32);
  d.i.b = d.src(2, Type::U32);
  d.i.c = d.src(3, Type::U32);
  d.i.fn = is_signed(ta) ? (is_signed(tb) ? dp4a<true, true> : dp4a<true, false>)
                         : (is_signed(tb) ? dp4a<false, true> : dp4a<false, false>);
}
template <class Op, class HOp>
void decode_sfu(InstDecoder& d) {
  Inst& i = d.i;
  bool z = d.has("ftz");
  d.has("approx");
  rounding_mode(d);
  Type t = arith_type(d);
  operands(d, t, 1);
  i.cls = kSfu;
  if (is_half(t)) {
    i.f3 = z;
    if constexpr (std::is_void_v<HOp>)
      d.bad("type");
    else
      i.fn = pick_half<HOp, 1>(i, t);
    return;
  }
  if (!is_float(t)) d.bad("type");
  if (t == Type::F64 && std::is_same_v<Op, FEx2>) d.bad("type");
  i.fn = pick_fun1<Op>(t, z, false);
  apply_rounding(i);
}
void copysign_op(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  each_lane(d, m, [&](int l) { return (b[l] & 0x7fffffff) | (a[l] & 0x80000000); });
}
void copysign_op64(Warp& w, const Inst& i, u32 m) {
  u64* d = reg<u64>(w, i.d);
  const u64 *a = reg<u64>(w, i.a), *b = reg<u64>(w, i.b);
  each_lane(d, m, [&](int l) { return (b[l] & ~(1ull << 63)) | (a[l] & 1ull << 63); });
}
void decode_copysign(InstDecoder& d) {
  Type t = arith_type(d);
  operands(d, t, 2);
  d.i.fn = t == Type::F64 ? copysign_op64 : copysign_op;
}
template <class T>
void testp_run(Warp& w, const Inst& i, u32 m) {
  const T* a = reg<T>(w, i.a);
  u32 r = mask_of([&](int l) {
    T x = a[l];
    switch (i.sub) {
      case 0:
        return std::isfinite(x);
      case 1:
        return std::isinf(x);
      case 2:
        return x == x;
      case 3:
        return x != x;
      case 4:
        return std::isnormal(x);
      default:
        return std::fpclassify(x) == FP_SUBNORMAL;
    }
  });
  set_predicate(predicate(w, i.d), m, r);
}
void decode_testp(InstDecoder& d) {
  static const char* n[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  for (int k = 0; k < 6; ++k)
    if (d.has(n[k])) d.i.sub = k;
  Type t = arith_type(d);
  d.i.d = d.predicate_dst(d.r.ops.at(0));
  d.i.a = d.src(1, t);
  d.i.fn = t == Type::F64 ? testp_run<double> : testp_run<float>;
}

// ---- comparison and selection ----
enum Cmp { EQ, NE, LT, LE, GT, GE, EQU, NEU, LTU, LEU, GTU, GEU, NUM, NANC };
template <int C, class T>
inline bool compare(T a, T b) {
  if constexpr (C == EQ)
    return a == b;
  else if constexpr (C == NE)
    return std::is_floating_point_v<T> ? (a < b || a > b) : a != b;
  else if constexpr (C == LT)
    return a < b;
  else if constexpr (C == LE)
    return a <= b;
  else if constexpr (C == GT)
    return a > b;
  else if constexpr (C == GE)
    return a >= b;
  else if constexpr (C == EQU)
    return !(a < b || a > b);
  else if constexpr (C == NEU)
    return a != b;
  else if constexpr (C == LTU)
    return !(a >= b);
  else if constexpr (C == LEU)
    return !(a > b);
  else if constexpr (C == GTU)
    return !(a <= b);
  else if constexpr (C == GEU)
    return !(a < b);
  else if constexpr (C == NUM)
    return a == a && b == b;
  else
    return a != a || b != b;
}
// element k of a lane as a comparable value
template <class T, bool FTZ>
inline auto elem(typename LaneStorage<T>::type x, int k) {
  if constexpr (std::is_class_v<T>)
    return to_float(T{(u16)(x >> (16 * k))});
  else if constexpr (std::is_same_v<T, float>)
    return fin<float, FTZ>(read_lane<float>(x));
  else
    return read_lane<T>(x);
}
template <int C, class T, bool FTZ>
u32 cmp_mask(Warp& w, const Inst& i, int k) {
  using S = typename LaneStorage<T>::type;
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  return mask_of([&](int l) { return compare<C>(elem<T, FTZ>(a[l], k), elem<T, FTZ>(b[l], k)); });
}
u32 combine(const Inst& i, u32 r, u32 p) { return i.sub == 1 ? r & p : i.sub == 2 ? r | p : i.sub == 3 ? r ^ p : r; }
// setp: d = first predicate, e = second; f1 has a combining predicate c (negated if f2)
template <int C, class T, bool FTZ>
void setp(Warp& w, const Inst& i, u32 m) {
  u32 r = cmp_mask<C, T, FTZ>(w, i, 0);
  if (i.vec == 2) {  // packed halves: one predicate each
    u32 r2 = cmp_mask<C, T, FTZ>(w, i, 1);
    if (i.sub) {
      u32 p = predicate(w, i.c);
      if (i.f2) p = ~p;
      r = combine(i, r, p);
      r2 = combine(i, r2, p);
    }
    set_predicate(predicate(w, i.d), m, r);
    set_predicate(predicate(w, i.e), m, r2);
    return;
  }
  u32 p = ~0u;
  if (i.sub) {
    p = predicate(w, i.c);
    if (i.f2) p = ~p;
  }
  if (i.f1) set_predicate(predicate(w, i.e), m, combine(i, ~r, p));
  set_predicate(predicate(w, i.d), m, combine(i, r, p));
}
// set: writes 1.0 / all ones / 0 into a register of type ty
template <int C, class T, bool FTZ>
void setv(Warp& w, const Inst& i, u32 m) {
  u32 r[2] = {cmp_mask<C, T, FTZ>(w, i, 0), i.vec == 2 ? cmp_mask<C, T, FTZ>(w, i, 1) : 0};
  if (i.sub) {
    u32 p = predicate(w, i.c);
    if (i.f2) p = ~p;
    r[0] = combine(i, r[0], p);
    r[1] = combine(i, r[1], p);
  }
  u32 one = i.ty == Type::F32                            ? 0x3f800000
            : i.ty == Type::F16 || i.ty == Type::F16X2   ? 0x3c00
            : i.ty == Type::BF16 || i.ty == Type::BF16X2 ? 0x3f80
            : i.ty == Type::U16 || i.ty == Type::S16     ? 0xffff
            : i.vec == 2                                 ? 0xffff
                                                         : ~0u;
  u32* d = reg<u32>(w, i.d);
  each_lane(d, m, [&](int l) {
    u32 v = r[0] >> l & 1 ? one : 0;
    if (i.vec == 2) v |= (r[1] >> l & 1 ? one : 0) << 16;
    return v;
  });
}
template <template <int, class, bool> class K, class T, bool Z>
Handler pick_cmp(int c) {
  switch (c) {
    case EQ:
      return K<EQ, T, Z>::run();
    case NE:
      return K<NE, T, Z>::run();
    case LT:
      return K<LT, T, Z>::run();
    case LE:
      return K<LE, T, Z>::run();
    case GT:
      return K<GT, T, Z>::run();
    case GE:
      return K<GE, T, Z>::run();
  }
  if constexpr (!std::is_integral_v<T>) switch (c) {
      case EQU:
        return K<EQU, T, Z>::run();
      case NEU:
        return K<NEU, T, Z>::run();
      case LTU:
        return K<LTU, T, Z>::run();
      case LEU:
        return K<LEU, T, Z>::run();
      case GTU:
        return K<GTU, T, Z>::run();
      case GEU:
        return K<GEU, T, Z>::run();
      case NUM:
        return K<NUM, T, Z>::run();
      case NANC:
        return K<NANC, T, Z>::run();
    }
  return nullptr;
}
template <int C, class T, bool Z>
struct SetpK {
  static Handler run() { return setp<C, T, Z>; }
};
template <int C, class T, bool Z>
struct SetvK {
  static Handler run() { return setv<C, T, Z>; }
};
template <template <int, class, bool> class K>
Handler pick_cmp_type(Type t, int c, bool z) {
  switch (t) {
    case Type::B16:
    case Type::U16:
      return pick_cmp<K, u16, false>(c);
    case Type::S16:
      return pick_cmp<K, i16, false>(c);
    case Type::B32:
    case Type::U32:
      return pick_cmp<K, u32, false>(c);
    case Type::S32:
      return pick_cmp<K, i32, false>(c);
    case Type::B64:
    case Type::U64:
      return pick_cmp<K, u64, false>(c);
    case Type::S64:
      return pick_cmp<K, i64, false>(c);
    case Type::F32:
      return z ? pick_cmp<K, float, true>(c) : pick_cmp<K, float, false>(c);
    case Type::F64:
      return pick_cmp<K, double, false>(c);
    case Type::F16:
    case Type::F16X2:
      return pick_cmp<K, half_t, false>(c);
    case Type::BF16:
    case Type::BF16X2:
      return pick_cmp<K, bf16_t, false>(c);
    default:
      return nullptr;
  }
}
int cmp_op(InstDecoder& d) {
  static const std::pair<const char*, int> n[] = {{"eq", EQ},   {"ne", NE},   {"lt", LT},   {"le", LE},   {"gt", GT},
                                                  {"ge", GE},   {"lo", LT},   {"ls", LE},   {"hi", GT},   {"hs", GE},
                                                  {"equ", EQU}, {"neu", NEU}, {"ltu", LTU}, {"leu", LEU}, {"gtu", GTU},
                                                  {"geu", GEU}, {"num", NUM}, {"nan", NANC}};
  for (auto& [s, c] : n)
    if (d.has(s)) return c;
  d.bad("comparison");
}
void bool_op(InstDecoder& d, size_t k) {
  std::string b = d.one_of({"and", "or", "xor"});
  d.i.sub = b == "and" ? 1 : b == "or" ? 2 : b == "xor" ? 3 : 0;
  if (d.i.sub) d.i.c = d.predicate_src(d.r.ops.at(k), d.i.f2);
}
bool packed(Type t) { return t == Type::F16X2 || t == Type::BF16X2; }
void decode_setp(InstDecoder& d) {
  Inst& i = d.i;
  int c = cmp_op(d);
  bool_op(d, 3);
  bool z = d.has("ftz");
  Type t = d.type();
  i.ty = t;
  i.vec = packed(t) ? 2 : 1;
  i.d = d.predicate_dst(d.r.ops.at(0));
  i.f1 = d.r.ops[0].alt != -1;
  i.e = d.second_predicate_dst(d.r.ops[0]);
  i.a = d.src(1, t);
  i.b = d.src(2, t);
  i.fn = pick_cmp_type<SetpK>(t, c, z);
}
void decode_set(InstDecoder& d) {
  Inst& i = d.i;
  int c = cmp_op(d);
  bool_op(d, 3);
  bool z = d.has("ftz");
  Type dt = d.type(), t = d.type();
  i.ty = dt;
  i.vec = packed(t) ? 2 : 1;
  i.d = d.dst(0, dt);
  i.a = d.src(1, t);
  i.b = d.src(2, t);
  i.fn = pick_cmp_type<SetvK>(t, c, z);
}
template <class S>
void selp(Warp& w, const Inst& i, u32 m) {
  u32 p = predicate(w, i.c);
  if (i.f2) p = ~p;
  S* d = reg<S>(w, i.d);
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  each_lane(d, m, [&](int l) { return p >> l & 1 ? a[l] : b[l]; });
}
void decode_selp(InstDecoder& d) {
  Type t = arith_type(d);
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.predicate_src(d.r.ops.at(3), d.i.f2);
  d.i.fn = type_size(t) == 8 ? selp<u64> : selp<u32>;
}
template <class S, bool F>
void slct(Warp& w, const Inst& i, u32 m) {
  S* d = reg<S>(w, i.d);
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  const u32* c = reg<u32>(w, i.c);
  each_lane(d, m, [&](int l) { return (F ? bits_to_float(c[l]) >= 0.f : (i32)c[l] >= 0) ? a[l] : b[l]; });
}
void decode_slct(InstDecoder& d) {
  d.has("ftz");
  Type t = d.type(), ct = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, ct);
  bool w = type_size(t) == 8, f = ct == Type::F32;
  d.i.fn = w ? (f ? slct<u64, true> : slct<u64, false>) : (f ? slct<u32, true> : slct<u32, false>);
}

PTX_OP("add", decode_add);
PTX_OP("sub", decode_sub);
PTX_OP("addc", decode_carry<0>);
PTX_OP("subc", decode_carry<1>);
PTX_OP("mul", decode_mul);
PTX_OP("mad", decode_mad<false>);
PTX_OP("madc", decode_mad<true>);
PTX_OP("fma", decode_fma);
PTX_OP("div", decode_div);
PTX_OP("rem", decode_rem);
PTX_OP("min", decode_min_max<false>);
PTX_OP("max", decode_min_max<true>);
PTX_OP("abs", decode_abs_neg<true>);
PTX_OP("neg", decode_abs_neg<false>);
PTX_OP("not", decode_not);
PTX_OP("cnot", decode_cnot);
PTX_OP("and", (decode_logic<IAnd, 0>));
PTX_OP("or", (decode_logic<IOr, 1>));
PTX_OP("xor", (decode_logic<IXor, 2>));
PTX_OP("shl", decode_shift<IShl>);
PTX_OP("shr", decode_shift<IShr>);
PTX_OP("shf", decode_shf);
PTX_OP("prmt", decode_prmt);
PTX_OP("lop3", decode_lop3);
PTX_OP("popc", decode_to_u32<IPopc>);
PTX_OP("clz", decode_to_u32<IClz>);
PTX_OP("bfind", decode_bfind);
PTX_OP("brev", decode_brev);
PTX_OP("bfe", decode_bfe);
PTX_OP("bfi", decode_bfi);
PTX_OP("sad", decode_sad);
PTX_OP("mul24", decode_mul24);
PTX_OP("mad24", decode_mad24);
PTX_OP("dp4a", decode_dp4a);
PTX_OP("rcp", (decode_sfu<FRcp, void>));
PTX_OP("sqrt", (decode_sfu<FSqrt, void>));
PTX_OP("rsqrt", (decode_sfu<FRsqrt, void>));
PTX_OP("sin", (decode_sfu<FSin, void>));
PTX_OP("cos", (decode_sfu<FCos, void>));
PTX_OP("lg2", (decode_sfu<FLg2, void>));
PTX_OP("ex2", (decode_sfu<FEx2, HEx2>));
PTX_OP("tanh", (decode_sfu<FTanh, HTanh>));
PTX_OP("copysign", decode_copysign);
PTX_OP("testp", decode_testp);
PTX_OP("setp", decode_setp);
PTX_OP("set", decode_set);
PTX_OP("selp", decode_selp);
PTX_OP("slct", decode_slct);
}  // namespace
}  // namespace convoy::vgpu
