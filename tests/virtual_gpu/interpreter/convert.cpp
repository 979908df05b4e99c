// convert.cpp - cvt, mov, cvta, isspacep.
#include <time.h>
#include <type_traits>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace vgpu {
namespace {
// ---- integer <-> integer, integer <-> float --------------------------------------------------------------
template <class D>
inline typename StoreT<D>::type extend(D v) {  // the whole lane is sign- or zero-extended
  using S = typename StoreT<D>::type;
  if constexpr (std::is_floating_point_v<D>)
    return wr<D>(v);
  else
    return (S)(std::conditional_t<sizeof(S) == 8, i64, i32>)v * (std::is_signed_v<D> ? 1 : 0) +
           (std::is_signed_v<D> ? 0 : (S)v);
}
template <class D, class S>
inline D clampTo(S v) {
  using Lim = std::numeric_limits<D>;
  if (std::is_signed_v<S> && v < 0) {
    if (!std::is_signed_v<D>) return 0;
    return (i64)v < (i64)Lim::min() ? Lim::min() : (D)v;
  }
  return (u64)v > (u64)Lim::max() ? Lim::max() : (D)v;
}
template <class D, class S>
void cvtInt(Warp& w, const Inst& i, u32 m) {
  auto* d = L<typename StoreT<D>::type>(w, i.d);
  const auto* a = L<typename StoreT<S>::type>(w, i.a);
  if (i.f2)
    each(d, m, [&](int l) { return extend<D>(clampTo<D, S>(rd<S>(a[l]))); });
  else
    each(d, m, [&](int l) { return extend<D>((D)rd<S>(a[l])); });
}
template <class D, class S>
void cvtIntFloat(Warp& w, const Inst& i, u32 m) {
  auto* d = L<D>(w, i.d);
  const auto* a = L<typename StoreT<S>::type>(w, i.a);
  each(d, m, [&](int l) { return (D)rd<S>(a[l]); });
}
enum Round : u8 { RN, RZ, RM, RP, RNA, RNI, RZI, RMI, RPI };
template <class F>
inline F roundInt(F x, int mode) {
  switch (mode) {
    case RZI:
      return std::trunc(x);
    case RMI:
      return std::floor(x);
    case RPI:
      return std::ceil(x);
    default:
      return std::rint(x);
  }
}
template <class D, class F, int MODE>
void cvtFloatInt(Warp& w, const Inst& i, u32 m) {
  auto* d = L<typename StoreT<D>::type>(w, i.d);
  const F* a = L<F>(w, i.a);
  using Lim = std::numeric_limits<D>;
  constexpr F lo = (F)Lim::min(), hi = (F)((u64)1 << (8 * sizeof(D) - 1)) * (std::is_signed_v<D> ? (F)1 : (F)2);
  each(d, m, [&](int l) {
    F x = roundInt(a[l], MODE);
    D v = x != x ? (D)0 : x < lo ? Lim::min() : x >= hi ? Lim::max() : (D)x;
    return extend<D>(v);
  });
}
// ---- float <-> float -------------------------------------------------------------------------------------
double quantize(double x, int mantBits, int minExp, int mode) {  // round to mantBits explicit bits, exponents >= minExp
  if (x == 0 || x != x || std::isinf(x)) return x;
  int e;
  std::frexp(x, &e);
  e = std::max(e - 1, minExp);
  double ulp = std::ldexp(1.0, e - mantBits), q = x / ulp;
  switch (mode) {
    case RZ:
      q = std::trunc(q);
      break;
    case RM:
      q = std::floor(q);
      break;
    case RP:
      q = std::ceil(q);
      break;
    case RNA:
      q = std::copysign(std::floor(std::fabs(q) + 0.5), q);
      break;
    default:
      q = std::nearbyint(q);
  }
  return q * ulp;
}
u16 encodeHalf(double x, bool bf, const Inst& i) {
  if (i.f1) x = x > 0 || x != x ? x : 0.0;        // .relu
  if (i.f2) x = x > 0 ? (x < 1 ? x : 1.0) : 0.0;  // .sat
  if (x != x) return 0x7fff;
  double maxv = bf ? 3.3895313892515355e38 : 65504.0, q = quantize(x, bf ? 7 : 10, bf ? -126 : -14, i.sub);
  if (std::fabs(q) > maxv) q = i.f3 || i.sub == RZ ? std::copysign(maxv, q) : std::copysign(INFINITY, q);
  return bf ? (u16)(Fbits((float)q) >> 16) : toHalf((float)q).b;
}
u8 encodeF8(float x, bool e5) {  // satfinite
  if (x != x) return 0x7f;
  double maxv = e5 ? 57344.0 : 448.0, a = quantize(std::fabs((double)x), e5 ? 2 : 3, e5 ? -14 : -6, RN);
  if (a > maxv) a = maxv;
  int mant = e5 ? 2 : 3, bias = e5 ? 15 : 7;
  u8 s = std::signbit(x) ? 0x80 : 0;
  if (a == 0) return s;
  int e;
  double f = std::frexp(a, &e);
  e -= 1;
  (void)f;
  if (e < 1 - bias) return s | (u8)std::ldexp(a, bias - 1 + mant);
  return s | (u8)((e + bias) << mant) | (u8)(std::ldexp(a, mant - e) - (1 << mant));
}
float decodeF8(u8 b, bool e5) {
  int mant = e5 ? 2 : 3, bias = e5 ? 15 : 7, e = (b & 0x7f) >> mant, f = b & ((1 << mant) - 1);
  float s = b & 0x80 ? -1.f : 1.f;
  if (e5 && e == 31) return f ? NAN : s * INFINITY;
  if (!e5 && (b & 0x7f) == 0x7f) return NAN;
  return e ? s * std::ldexp((float)((1 << mant) + f), e - bias - mant) : s * std::ldexp((float)f, 1 - bias - mant);
}
double readFloat(Warp& w, const Operand& o, Ty t, int l) {
  switch (t) {
    case Ty::F64:
      return L<double>(w, o)[l];
    case Ty::F16:
      return toF(half_t{(u16)L<u32>(w, o)[l]});
    case Ty::BF16:
      return toF(bf16_t{(u16)L<u32>(w, o)[l]});
    default:
      return L<float>(w, o)[l];
  }
}
void cvtFloatSlow(Warp& w, const Inst& i, u32 m) {  // any float to any float; ty <- ty2; imm bit 0: ftz
  forLanes(m, [&](int l) {
    double x = readFloat(w, i.a, i.ty2, l);
    if ((i.imm & 1) && std::fabs(x) < 1.17549435e-38) x = std::copysign(0.0, x);
    if (i.sub >= RNI) x = roundInt(x, i.sub);
    switch (i.ty) {
      case Ty::F64:
        L<double>(w, i.d)[l] = i.f2 ? (x > 0 ? std::min(x, 1.0) : 0.0) : x;
        break;
      case Ty::F16:
        L<u32>(w, i.d)[l] = encodeHalf(x, false, i);
        break;
      case Ty::BF16:
        L<u32>(w, i.d)[l] = encodeHalf(x, true, i);
        break;
      case Ty::TF32: {
        double q = quantize(x, 10, -126, i.sub);
        L<float>(w, i.d)[l] = (float)q;
        break;
      }
      default: {
        float f = i.sub < RNI && i.ty2 == Ty::F64 ? (float)quantize(x, 23, -126, i.sub) : (float)x;
        if (i.f2) f = f > 0.f ? (f < 1.f ? f : 1.f) : 0.f;
        if ((i.imm & 1) && std::fabs(f) < 1.17549435e-38f) f = std::copysign(0.f, f);
        L<float>(w, i.d)[l] = f;
      }
    }
  });
}
void cvtHalfF32(Warp& w, const Inst& i, u32 m) {
  float* d = L<float>(w, i.d);
  const u32* a = L<u32>(w, i.a);
  each(d, m, [&](int l) { return toF(half_t{(u16)a[l]}); });
}
void cvtBf16F32(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  const u32* a = L<u32>(w, i.a);
  each(d, m, [&](int l) { return a[l] << 16; });
}
void cvtF32Half(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  const float* a = L<float>(w, i.a);
  each(d, m, [&](int l) { return (u32)toHalf(a[l]).b; });
}
void cvtF32Bf16(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  const float* a = L<float>(w, i.a);
  each(d, m, [&](int l) { return (u32)toBf16(a[l]).b; });
}
void cvtPackHalf(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  const float *a = L<float>(w, i.a), *b = L<float>(w, i.b);
  each(d, m, [&](int l) { return (u32)toHalf(a[l]).b << 16 | toHalf(b[l]).b; });
}
void cvtPackBf16(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  const float *a = L<float>(w, i.a), *b = L<float>(w, i.b);
  each(d, m, [&](int l) { return (u32)toBf16(a[l]).b << 16 | toBf16(b[l]).b; });
}
void cvtPackSlow(Warp& w, const Inst& i, u32 m) {
  bool bf = i.ty == Ty::BF16X2;
  u32* d = L<u32>(w, i.d);
  const float *a = L<float>(w, i.a), *b = L<float>(w, i.b);
  forLanes(m, [&](int l) { d[l] = (u32)encodeHalf(a[l], bf, i) << 16 | encodeHalf(b[l], bf, i); });
}
void cvtPackF8(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty == Ty::E5M2X2;
  u32* d = L<u32>(w, i.d);
  const float *a = L<float>(w, i.a), *b = L<float>(w, i.b);
  forLanes(m, [&](int l) {
    float x = a[l], y = b[l];
    if (i.f1) {
      x = x > 0 ? x : 0;
      y = y > 0 ? y : 0;
    }
    d[l] = (u32)encodeF8(x, e5) << 8 | encodeF8(y, e5);
  });
}
void cvtHalf2F8(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty == Ty::E5M2X2;
  u32* d = L<u32>(w, i.d);
  const u32* a = L<u32>(w, i.a);
  forLanes(m, [&](int l) {
    d[l] = (u32)encodeF8(toF(half_t{(u16)(a[l] >> 16)}), e5) << 8 | encodeF8(toF(half_t{(u16)a[l]}), e5);
  });
}
void cvtF8Half2(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty2 == Ty::E5M2X2;
  u32* d = L<u32>(w, i.d);
  const u32* a = L<u32>(w, i.a);
  forLanes(
      m, [&](int l) { d[l] = (u32)toHalf(decodeF8((u8)(a[l] >> 8), e5)).b << 16 | toHalf(decodeF8((u8)a[l], e5)).b; });
}
template <bool FTZ, bool SAT>
void cvtF32F32(Warp& w, const Inst& i, u32 m) {
  float* d = L<float>(w, i.d);
  const float* a = L<float>(w, i.a);
  each(d, m, [&](int l) {
    float x = a[l];
    if (SAT) x = x > 0.f ? (x < 1.f ? x : 1.f) : 0.f;
    if (FTZ) {
      u32 u = Fbits(x);
      x = bitsF(u & 0x7f800000 ? u : u & 0x80000000);
    }
    return x;
  });
}
template <int MODE>
void cvtRoundF32(Warp& w, const Inst& i, u32 m) {
  float* d = L<float>(w, i.d);
  const float* a = L<float>(w, i.a);
  each(d, m, [&](int l) { return roundInt(a[l], MODE); });
}
void cvtF32F64(Warp& w, const Inst& i, u32 m) {
  double* d = L<double>(w, i.d);
  const float* a = L<float>(w, i.a);
  each(d, m, [&](int l) { return (double)a[l]; });
}
void cvtF64F32(Warp& w, const Inst& i, u32 m) {
  float* d = L<float>(w, i.d);
  const double* a = L<double>(w, i.a);
  each(d, m, [&](int l) { return (float)a[l]; });
}
void cvtMxcsr(Warp& w, const Inst& i, u32 m) {  // int -> float under a directed rounding mode
  static const u32 mode[4] = {0, 0x6000, 0x2000, 0x4000};
  u32 old = _mm_getcsr();
  _mm_setcsr((old & ~0x6000u) | mode[i.sub & 3]);
  i.inner(w, i, m);
  _mm_setcsr(old);
}
// integers narrower or wider than the half formats, or halves to integers: one lane at a time
void cvtHalfIntSlow(Warp& w, const Inst& i, u32 m) {
  forLanes(m, [&](int l) {
    if (tyFloat(i.ty2)) {
      double x = roundInt(readFloat(w, i.a, i.ty2, l), i.sub), bits = 8 * tySize(i.ty),
             lo = tySigned(i.ty) ? -std::ldexp(1.0, bits - 1) : 0,
             hi = std::ldexp(1.0, tySigned(i.ty) ? bits - 1 : bits);
      u64 v = x != x           ? 0
              : x < lo         ? (u64)(i64)lo
              : x >= hi        ? (tySigned(i.ty) ? (1ull << ((int)bits - 1)) - 1 : ~0ull)
              : tySigned(i.ty) ? (u64)(i64)x
                               : (u64)x;
      if (tySize(i.ty) == 8)
        L<u64>(w, i.d)[l] = v;
      else
        L<u32>(w, i.d)[l] =
            tySigned(i.ty) ? (u32)v : (u32)(v & (tySize(i.ty) == 4 ? ~0u : (1u << 8 * tySize(i.ty)) - 1));
    } else {
      u64 raw = tySize(i.ty2) == 8 ? L<u64>(w, i.a)[l] : L<u32>(w, i.a)[l];
      int sh = 64 - 8 * tySize(i.ty2);
      raw <<= sh;
      double x = tySigned(i.ty2) ? (double)((i64)raw >> sh) : (double)(raw >> sh);
      L<u32>(w, i.d)[l] = encodeHalf(x, i.ty == Ty::BF16, i);
    }
  });
}
template <class D>
Handler fromInt(Ty s) {
  switch (s) {
    case Ty::U8:
      return cvtInt<D, u8>;
    case Ty::S8:
      return cvtInt<D, i8>;
    case Ty::U16:
      return cvtInt<D, u16>;
    case Ty::S16:
      return cvtInt<D, i16>;
    case Ty::U32:
      return cvtInt<D, u32>;
    case Ty::S32:
      return cvtInt<D, i32>;
    case Ty::U64:
      return cvtInt<D, u64>;
    case Ty::S64:
      return cvtInt<D, i64>;
    default:
      return nullptr;
  }
}
template <class D>
Handler floatFromInt(Ty s) {
  switch (s) {
    case Ty::U8:
      return cvtIntFloat<D, u8>;
    case Ty::S8:
      return cvtIntFloat<D, i8>;
    case Ty::U16:
      return cvtIntFloat<D, u16>;
    case Ty::S16:
      return cvtIntFloat<D, i16>;
    case Ty::U32:
      return cvtIntFloat<D, u32>;
    case Ty::S32:
      return cvtIntFloat<D, i32>;
    case Ty::U64:
      return cvtIntFloat<D, u64>;
    case Ty::S64:
      return cvtIntFloat<D, i64>;
    default:
      return nullptr;
  }
}
template <class D, class F>
Handler intFromFloatMode(int mode) {
  switch (mode) {
    case RZI:
      return cvtFloatInt<D, F, RZI>;
    case RMI:
      return cvtFloatInt<D, F, RMI>;
    case RPI:
      return cvtFloatInt<D, F, RPI>;
    default:
      return cvtFloatInt<D, F, RNI>;
  }
}
template <class F>
Handler intFromFloat(Ty d, int mode) {
  switch (d) {
    case Ty::U8:
      return intFromFloatMode<u8, F>(mode);
    case Ty::S8:
      return intFromFloatMode<i8, F>(mode);
    case Ty::U16:
      return intFromFloatMode<u16, F>(mode);
    case Ty::S16:
      return intFromFloatMode<i16, F>(mode);
    case Ty::U32:
      return intFromFloatMode<u32, F>(mode);
    case Ty::S32:
      return intFromFloatMode<i32, F>(mode);
    case Ty::U64:
      return intFromFloatMode<u64, F>(mode);
    case Ty::S64:
      return intFromFloatMode<i64, F>(mode);
    default:
      return nullptr;
  }
}
Handler intToInt(Ty d, Ty s) {
  switch (d) {
    case Ty::U8:
      return fromInt<u8>(s);
    case Ty::S8:
      return fromInt<i8>(s);
    case Ty::U16:
      return fromInt<u16>(s);
    case Ty::S16:
      return fromInt<i16>(s);
    case Ty::U32:
      return fromInt<u32>(s);
    case Ty::S32:
      return fromInt<i32>(s);
    case Ty::U64:
      return fromInt<u64>(s);
    case Ty::S64:
      return fromInt<i64>(s);
    default:
      return nullptr;
  }
}

void decodeCvt(Dec& d) {
  Inst& i = d.i;
  static const char* modes[] = {"rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi"};
  for (int k = 0; k < 9; ++k)
    if (d.has(modes[k])) i.sub = k;
  i.f1 = d.has("relu");
  i.f2 = d.has("sat");
  i.f3 = d.has("satfinite");
  bool z = d.has("ftz");
  i.imm = z;
  if (d.has("pack")) d.bad("cvt.pack is not supported");
  Ty dt = d.type(), st = d.type();
  i.ty = dt;
  i.ty2 = st;
  bool simple = i.sub == RN && !i.f1 && !i.f3;
  if (dt == Ty::F16X2 && (st == Ty::E4M3X2 || st == Ty::E5M2X2)) {
    if (i.f1) d.bad(".relu");
    i.d = d.dst(0, dt);
    i.a = d.src(1, st);
    i.fn = cvtF8Half2;
    return;
  }
  if (dt == Ty::E4M3X2 || dt == Ty::E5M2X2) {
    i.d = d.dst(0, dt);
    if (st == Ty::F32) {
      i.a = d.src(1, st);
      i.b = d.src(2, st);
      i.fn = cvtPackF8;
    } else if (st == Ty::F16X2) {
      if (i.f1) d.bad(".relu");
      i.a = d.src(1, st);
      i.fn = cvtHalf2F8;
    } else
      d.bad("types");
    return;
  }
  if (dt == Ty::F16X2 || dt == Ty::BF16X2) {
    if (st != Ty::F32) d.bad("types");
    i.d = d.dst(0, dt);
    i.a = d.src(1, st);
    i.b = d.src(2, st);
    i.fn = simple ? (dt == Ty::F16X2 ? cvtPackHalf : cvtPackBf16) : cvtPackSlow;
    i.cls = kHalf2;
    return;
  }
  i.d = d.dst(0, dt);
  i.a = d.src(1, st);
  if (d.n() != 2) d.bad("operands");
  bool df = tyFloat(dt) || dt == Ty::TF32, sf = tyFloat(st);
  if (!df && !sf) {
    i.fn = intToInt(dt, st);
    return;
  }
  if (df && !sf) {
    if (i.f2) d.bad(".sat");
    if (dt == Ty::F16 || dt == Ty::BF16) {
      i.fn = cvtHalfIntSlow;
      return;
    }
    i.fn = dt == Ty::F64 ? floatFromInt<double>(st) : floatFromInt<float>(st);
    if (i.sub) {
      i.inner = i.fn;
      i.fn = cvtMxcsr;
    }
    return;
  }
  if (!df) {
    i.fn = st == Ty::F64   ? intFromFloat<double>(dt, i.sub)
           : st == Ty::F32 ? intFromFloat<float>(dt, i.sub)
                           : cvtHalfIntSlow;
    return;
  }
  if (dt == Ty::F32 && st == Ty::F32) {
    if (i.sub == RN)
      i.fn = i.f2 ? (z ? cvtF32F32<true, true> : cvtF32F32<false, true>)
                  : (z ? cvtF32F32<true, false> : cvtF32F32<false, false>);
    else if (!i.f2 && !z)
      i.fn = i.sub == RNI   ? cvtRoundF32<RNI>
             : i.sub == RZI ? cvtRoundF32<RZI>
             : i.sub == RMI ? cvtRoundF32<RMI>
             : i.sub == RPI ? cvtRoundF32<RPI>
                            : cvtFloatSlow;
    else
      i.fn = cvtFloatSlow;
    return;
  }
  bool plain = simple && !i.f2 && !z;
  i.fn = cvtFloatSlow;
  if (dt == Ty::F32 && st == Ty::F16 && !i.f2) i.fn = cvtHalfF32;
  if (dt == Ty::F32 && st == Ty::BF16 && !i.f2) i.fn = cvtBf16F32;
  if (plain && dt == Ty::F16 && st == Ty::F32) i.fn = cvtF32Half;
  if (plain && dt == Ty::BF16 && st == Ty::F32) i.fn = cvtF32Bf16;
  if (plain && dt == Ty::F64 && st == Ty::F32) i.fn = cvtF32F64;
  if (plain && dt == Ty::F32 && st == Ty::F64) i.fn = cvtF64F32;
}

// ---- mov -------------------------------------------------------------------------------------------------
template <class S>
void mov(Warp& w, const Inst& i, u32 m) {
  S* d = L<S>(w, i.d);
  const S* a = L<S>(w, i.a);
  each(d, m, [&](int l) { return a[l]; });
}
void movPred(Warp& w, const Inst& i, u32 m) {
  u32 v = P(w, i.a);
  setPred(P(w, i.d), m, i.f1 ? ~v : v);
}
void movPredImm(Warp& w, const Inst& i, u32 m) { setPred(P(w, i.d), m, i.imm ? ~0u : 0); }
void movClock(Warp& w, const Inst& i, u32 m) {
  timespec t;
  u64 v;
  if (i.sub < 3)
    v = __builtin_ia32_rdtsc();
  else {
    clock_gettime(CLOCK_REALTIME, &t);
    v = (u64)t.tv_sec * 1000000000ull + t.tv_nsec;
  }
  if (i.sub == 1 || i.sub == 4) v >>= 32;
  if (i.wide == 8) {
    u64* d = L<u64>(w, i.d);
    each(d, m, [&](int) { return v; });
  } else {
    u32* d = L<u32>(w, i.d);
    each(d, m, [&](int) { return (u32)v; });
  }
}
// pack: v[0..vec) of `size` bytes -> d (wide bytes); unpack is the reverse
void pack(Warp& w, const Inst& i, u32 m) {
  int n = i.vec, bits = i.wide * 8 / n;
  u64 keep = bits == 64 ? ~0ull : (1ull << bits) - 1;
  auto get = [&](int k, int l) { return i.size == 8 ? L<u64>(w, i.v[k])[l] : (u64)L<u32>(w, i.v[k])[l]; };
  if (i.wide == 8) {
    u64* d = L<u64>(w, i.d);
    if (n == 2 && i.size == 4) {
      const u32 *a = L<u32>(w, i.v[0]), *b = L<u32>(w, i.v[1]);
      each(d, m, [&](int l) { return a[l] | (u64)b[l] << 32; });
      return;
    }
    forLanes(m, [&](int l) {
      u64 r = 0;
      for (int k = 0; k < n; ++k) r |= (get(k, l) & keep) << (bits * k);
      d[l] = r;
    });
  } else {
    u32* d = L<u32>(w, i.d);
    if (n == 2) {
      const u32 *a = L<u32>(w, i.v[0]), *b = L<u32>(w, i.v[1]);
      u32 kp = (u32)keep;
      each(d, m, [&](int l) { return (a[l] & kp) | (b[l] & kp) << bits; });
      return;
    }
    forLanes(m, [&](int l) {
      u64 r = 0;
      for (int k = 0; k < n; ++k) r |= (get(k, l) & keep) << (bits * k);
      d[l] = (u32)r;
    });
  }
}
void unpack(Warp& w, const Inst& i, u32 m) {
  int n = i.vec, bits = i.wide * 8 / n;
  alignas(64) u64 src[32];
  if (i.wide == 8)
    memcpy(src, L<u64>(w, i.a), sizeof src);
  else
    for (int l = 0; l < 32; ++l) src[l] = L<u32>(w, i.a)[l];
  for (int k = 0; k < n; ++k) {
    int sh = bits * k;
    u32 keep = bits >= 32 ? ~0u : (1u << bits) - 1;
    if (i.size == 8) {
      u64* d = L<u64>(w, i.v[k]);
      each(d, m, [&](int l) { return src[l]; });
    } else {
      u32* d = L<u32>(w, i.v[k]);
      each(d, m, [&](int l) { return (u32)(src[l] >> sh) & keep; });
    }
  }
}
void decodeMov(Dec& d) {
  Inst& i = d.i;
  Ty t = d.type();
  i.ty = t;
  const RawOp &o0 = d.r.ops.at(0), &o1 = d.r.ops.at(1);
  if (t == Ty::B128) d.bad("128-bit registers are not supported");
  i.wide = tySize(t) < 4 ? 4 : tySize(t);
  if (t == Ty::Pred) {
    i.d = d.predDst(o0);
    if (o1.kind == RawOp::Imm) {
      i.imm = (i64)o1.imm;
      i.fn = movPredImm;
    } else {
      i.a = d.predSrc(o1, i.f1);
      i.fn = movPred;
    }
    return;
  }
  static const std::pair<const char*, int> dyn[] = {{"%clock", 0},          {"%clock_hi", 1},
                                                    {"%clock64", 2},        {"%globaltimer_lo", 3},
                                                    {"%globaltimer_hi", 4}, {"%globaltimer", 5}};
  if (o1.kind == RawOp::Special)
    for (auto& [n, k] : dyn)
      if (o1.name == n) {
        i.sub = k;
        i.d = d.dst(0, t);
        i.fn = movClock;
        return;
      }
  if (o1.kind == RawOp::Vec || o0.kind == RawOp::Vec) {
    const RawOp& vo = o1.kind == RawOp::Vec ? o1 : o0;
    i.vec = vo.v.size();
    i.wide = tySize(t);
    int each_ = i.wide / i.vec;
    Ty et = each_ == 8 ? Ty::B64 : each_ == 4 ? Ty::B32 : Ty::B16;
    i.size = each_ == 8 ? 8 : 4;
    if (each_ == 1) d.bad("byte vectors");
    if (o1.kind == RawOp::Vec) {
      i.v = d.vec(o1, et, false);
      i.d = d.dst(0, t);
      i.fn = pack;
    } else {
      i.v = d.vec(o0, et, true);
      i.a = d.src(1, t);
      i.fn = unpack;
    }
    return;
  }
  i.d = d.dst(0, t);
  i.a = d.src(1, t);
  i.fn = i.wide == 8 ? mov<u64> : mov<u32>;
}

// ---- generic addresses -----------------------------------------------------------------------------------
void cvtaRun(Warp& w, const Inst& i, u32 m) {
  u64 win = i.space == Space::Shared  ? kSharedWin
            : i.space == Space::Local ? kLocalWin
            : i.space == Space::Param ? kParamWin
                                      : 0;
  if (i.wide == 8) {
    u64* d = L<u64>(w, i.d);
    const u64* a = L<u64>(w, i.a);
    each(d, m, [&](int l) { return i.f1 ? (win ? a[l] & ~kWinMask : a[l]) : (a[l] | win); });
  } else
    fault(716, "32-bit cvta");
}
Space spaceMod(Dec& d) {
  if (d.has("shared") || d.has("shared::cta") || d.has("shared::cluster")) return Space::Shared;
  if (d.has("global")) return Space::Global;
  if (d.has("local")) return Space::Local;
  if (d.has("const")) return Space::Const;
  if (d.has("param") || d.has("param::entry")) return Space::Param;
  d.bad("state space");
}
void decodeCvta(Dec& d) {
  Inst& i = d.i;
  i.f1 = d.has("to");
  i.space = spaceMod(d);
  Ty t = d.type();
  i.wide = tySize(t);
  i.d = d.dst(0, t);
  i.a = d.src(1, t);
  i.fn = cvtaRun;
}
void isspacep(Warp& w, const Inst& i, u32 m) {
  const u64* a = L<u64>(w, i.a);
  u64 win = i.space == Space::Shared  ? kSharedWin
            : i.space == Space::Local ? kLocalWin
            : i.space == Space::Param ? kParamWin
                                      : 0;
  setPred(P(w, i.d), m, maskOf([&](int l) { return (a[l] & kWinMask) == win; }));
}
void decodeIsspacep(Dec& d) {
  d.i.space = spaceMod(d);
  d.i.d = d.predDst(d.r.ops.at(0));
  d.i.a = d.src(1, Ty::U64);
  d.i.fn = isspacep;
}

PTX_OP("cvt", decodeCvt);
PTX_OP("mov", decodeMov);
PTX_OP("cvta", decodeCvta);
PTX_OP("isspacep", decodeIsspacep);
}  // namespace
}  // namespace vgpu
