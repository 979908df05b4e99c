// convert.cpp - cvt, mov, cvta, isspacep.
#include <time.h>
#include <type_traits>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
namespace {
// ---- integer <-> integer, integer <-> float --------------------------------------------------------------
template <class D>
inline typename LaneStorage<D>::type extend(D v) {  // the whole lane is sign- or zero-extended
  using S = typename LaneStorage<D>::type;
  if constexpr (std::is_floating_point_v<D>)
    return write_lane<D>(v);
  else
    return (S)(std::conditional_t<sizeof(S) == 8, i64, i32>)v * (std::is_signed_v<D> ? 1 : 0) +
           (std::is_signed_v<D> ? 0 : (S)v);
}
template <class D, class S>
inline D clamp_to(S v) {
  using Lim = std::numeric_limits<D>;
  if (std::is_signed_v<S> && v < 0) {
    if (!std::is_signed_v<D>) return 0;
    return (i64)v < (i64)Lim::min() ? Lim::min() : (D)v;
  }
  return (u64)v > (u64)Lim::max() ? Lim::max() : (D)v;
}
template <class D, class S>
void cvt_int(Warp& w, const Inst& i, u32 m) {
  auto* d = reg<typename LaneStorage<D>::type>(w, i.d);
  const auto* a = reg<typename LaneStorage<S>::type>(w, i.a);
  if (i.f2)
    each_lane(d, m, [&](int l) { return extend<D>(clamp_to<D, S>(read_lane<S>(a[l]))); });
  else
    each_lane(d, m, [&](int l) { return extend<D>((D)read_lane<S>(a[l])); });
}
template <class D, class S>
void cvt_int_float(Warp& w, const Inst& i, u32 m) {
  auto* d = reg<D>(w, i.d);
  const auto* a = reg<typename LaneStorage<S>::type>(w, i.a);
  each_lane(d, m, [&](int l) { return (D)read_lane<S>(a[l]); });
}
enum Round : u8 { RN, RZ, RM, RP, RNA, RNI, RZI, RMI, RPI };
template <class F>
inline F round_int(F x, int mode) {
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
void cvt_float_int(Warp& w, const Inst& i, u32 m) {
  auto* d = reg<typename LaneStorage<D>::type>(w, i.d);
  const F* a = reg<F>(w, i.a);
  using Lim = std::numeric_limits<D>;
  constexpr F lo = (F)Lim::min(), hi = (F)((u64)1 << (8 * sizeof(D) - 1)) * (std::is_signed_v<D> ? (F)1 : (F)2);
  each_lane(d, m, [&](int l) {
    F x = round_int(a[l], MODE);
    D v = x != x ? (D)0 : x < lo ? Lim::min() : x >= hi ? Lim::max() : (D)x;
    return extend<D>(v);
  });
}
// ---- float <-> float -------------------------------------------------------------------------------------
double quantize(double x, int mant_bits, int min_exp,
                int mode) {  // round to mant_bits explicit bits, exponents >= min_exp
  if (x == 0 || x != x || std::isinf(x)) return x;
  int e;
  std::frexp(x, &e);
  e = std::max(e - 1, min_exp);
  double ulp = std::ldexp(1.0, e - mant_bits), q = x / ulp;
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
u16 encode_half(double x, bool bf, const Inst& i) {
  if (i.f1) x = x > 0 || x != x ? x : 0.0;        // .relu
  if (i.f2) x = x > 0 ? (x < 1 ? x : 1.0) : 0.0;  // .sat
  if (x != x) return 0x7fff;
  double maxv = bf ? 3.3895313892515355e38 : 65504.0, q = quantize(x, bf ? 7 : 10, bf ? -126 : -14, i.sub);
  if (std::fabs(q) > maxv) q = i.f3 || i.sub == RZ ? std::copysign(maxv, q) : std::copysign(INFINITY, q);
  return bf ? (u16)(float_to_bits((float)q) >> 16) : to_half((float)q).b;
}
u8 encode_f8(float x, bool e5) {  // satfinite
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
float decode_f8(u8 b, bool e5) {
  int mant = e5 ? 2 : 3, bias = e5 ? 15 : 7, e = (b & 0x7f) >> mant, f = b & ((1 << mant) - 1);
  float s = b & 0x80 ? -1.f : 1.f;
  if (e5 && e == 31) return f ? NAN : s * INFINITY;
  if (!e5 && (b & 0x7f) == 0x7f) return NAN;
  return e ? s * std::ldexp((float)((1 << mant) + f), e - bias - mant) : s * std::ldexp((float)f, 1 - bias - mant);
}
double read_float(Warp& w, const Operand& o, Type t, int l) {
  switch (t) {
    case Type::F64:
      return reg<double>(w, o)[l];
    case Type::F16:
      return to_float(half_t{(u16)reg<u32>(w, o)[l]});
    case Type::BF16:
      return to_float(bf16_t{(u16)reg<u32>(w, o)[l]});
    default:
      return reg<float>(w, o)[l];
  }
}
void cvt_float_slow(Warp& w, const Inst& i, u32 m) {  // any float to any float; ty <- ty2; imm bit 0: ftz
  for_lanes(m, [&](int l) {
    double x = read_float(w, i.a, i.ty2, l);
    if ((i.imm & 1) && std::fabs(x) < 1.17549435e-38) x = std::copysign(0.0, x);
    if (i.sub >= RNI) x = round_int(x, i.sub);
    switch (i.ty) {
      case Type::F64:
        reg<double>(w, i.d)[l] = i.f2 ? (x > 0 ? std::min(x, 1.0) : 0.0) : x;
        break;
      case Type::F16:
        reg<u32>(w, i.d)[l] = encode_half(x, false, i);
        break;
      case Type::BF16:
        reg<u32>(w, i.d)[l] = encode_half(x, true, i);
        break;
      case Type::TF32: {
        double q = quantize(x, 10, -126, i.sub);
        reg<float>(w, i.d)[l] = (float)q;
        break;
      }
      default: {
        float f = i.sub < RNI && i.ty2 == Type::F64 ? (float)quantize(x, 23, -126, i.sub) : (float)x;
        if (i.f2) f = f > 0.f ? (f < 1.f ? f : 1.f) : 0.f;
        if ((i.imm & 1) && std::fabs(f) < 1.17549435e-38f) f = std::copysign(0.f, f);
        reg<float>(w, i.d)[l] = f;
      }
    }
  });
}
void cvt_half_f32(Warp& w, const Inst& i, u32 m) {
  float* d = reg<float>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  each_lane(d, m, [&](int l) { return to_float(half_t{(u16)a[l]}); });
}
void cvt_bf16_f32(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  each_lane(d, m, [&](int l) { return a[l] << 16; });
}
void cvt_f32_half(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const float* a = reg<float>(w, i.a);
  each_lane(d, m, [&](int l) { return (u32)to_half(a[l]).b; });
}
void cvt_f32_bf16(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const float* a = reg<float>(w, i.a);
  each_lane(d, m, [&](int l) { return (u32)to_bf16(a[l]).b; });
}
void cvt_pack_half(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  each_lane(d, m, [&](int l) { return (u32)to_half(a[l]).b << 16 | to_half(b[l]).b; });
}
void cvt_pack_bf16(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  each_lane(d, m, [&](int l) { return (u32)to_bf16(a[l]).b << 16 | to_bf16(b[l]).b; });
}
void cvt_pack_slow(Warp& w, const Inst& i, u32 m) {
  bool bf = i.ty == Type::BF16X2;
  u32* d = reg<u32>(w, i.d);
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  for_lanes(m, [&](int l) { d[l] = (u32)encode_half(a[l], bf, i) << 16 | encode_half(b[l], bf, i); });
}
void cvt_pack_f8(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty == Type::E5M2X2;
  u32* d = reg<u32>(w, i.d);
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  for_lanes(m, [&](int l) {
    float x = a[l], y = b[l];
    if (i.f1) {
      x = x > 0 ? x : 0;
      y = y > 0 ? y : 0;
    }
    d[l] = (u32)encode_f8(x, e5) << 8 | encode_f8(y, e5);
  });
}
void cvt_half2_f8(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty == Type::E5M2X2;
  u32* d = reg<u32>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  for_lanes(m, [&](int l) {
    d[l] = (u32)encode_f8(to_float(half_t{(u16)(a[l] >> 16)}), e5) << 8 | encode_f8(to_float(half_t{(u16)a[l]}), e5);
  });
}
void cvt_f8_half2(Warp& w, const Inst& i, u32 m) {
  bool e5 = i.ty2 == Type::E5M2X2;
  u32* d = reg<u32>(w, i.d);
  const u32* a = reg<u32>(w, i.a);
  for_lanes(m, [&](int l) {
    d[l] = (u32)to_half(decode_f8((u8)(a[l] >> 8), e5)).b << 16 | to_half(decode_f8((u8)a[l], e5)).b;
  });
}
template <bool FTZ, bool SAT>
void cvt_f32_f32(Warp& w, const Inst& i, u32 m) {
  float* d = reg<float>(w, i.d);
  const float* a = reg<float>(w, i.a);
  each_lane(d, m, [&](int l) {
    float x = a[l];
    if (SAT) x = x > 0.f ? (x < 1.f ? x : 1.f) : 0.f;
    if (FTZ) {
      u32 u = float_to_bits(x);
      x = bits_to_float(u & 0x7f800000 ? u : u & 0x80000000);
    }
    return x;
  });
}
template <int MODE>
void cvt_round_f32(Warp& w, const Inst& i, u32 m) {
  float* d = reg<float>(w, i.d);
  const float* a = reg<float>(w, i.a);
  each_lane(d, m, [&](int l) { return round_int(a[l], MODE); });
}
void cvt_f32_f64(Warp& w, const Inst& i, u32 m) {
  double* d = reg<double>(w, i.d);
  const float* a = reg<float>(w, i.a);
  each_lane(d, m, [&](int l) { return (double)a[l]; });
}
void cvt_f64_f32(Warp& w, const Inst& i, u32 m) {
  float* d = reg<float>(w, i.d);
  const double* a = reg<double>(w, i.a);
  each_lane(d, m, [&](int l) { return (float)a[l]; });
}
void cvt_mxcsr(Warp& w, const Inst& i, u32 m) {  // int -> float under a directed rounding mode
  static const u32 mode[4] = {0, 0x6000, 0x2000, 0x4000};
  u32 old = _mm_getcsr();
  _mm_setcsr((old & ~0x6000u) | mode[i.sub & 3]);
  i.inner(w, i, m);
  _mm_setcsr(old);
}
// integers narrower or wider than the half formats, or halves to integers: one lane at a time
void cvt_half_int_slow(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    if (is_float(i.ty2)) {
      double x = round_int(read_float(w, i.a, i.ty2, l), i.sub), bits = 8 * type_size(i.ty),
             lo = is_signed(i.ty) ? -std::ldexp(1.0, bits - 1) : 0,
             hi = std::ldexp(1.0, is_signed(i.ty) ? bits - 1 : bits);
      u64 v = x != x            ? 0
              : x < lo          ? (u64)(i64)lo
              : x >= hi         ? (is_signed(i.ty) ? (1ull << ((int)bits - 1)) - 1 : ~0ull)
              : is_signed(i.ty) ? (u64)(i64)x
                                : (u64)x;
      if (type_size(i.ty) == 8)
        reg<u64>(w, i.d)[l] = v;
      else
        reg<u32>(w, i.d)[l] =
            is_signed(i.ty) ? (u32)v : (u32)(v & (type_size(i.ty) == 4 ? ~0u : (1u << 8 * type_size(i.ty)) - 1));
    } else {
      u64 raw = type_size(i.ty2) == 8 ? reg<u64>(w, i.a)[l] : reg<u32>(w, i.a)[l];
      int sh = 64 - 8 * type_size(i.ty2);
      raw <<= sh;
      double x = is_signed(i.ty2) ? (double)((i64)raw >> sh) : (double)(raw >> sh);
      reg<u32>(w, i.d)[l] = encode_half(x, i.ty == Type::BF16, i);
    }
  });
}
template <class D>
Handler from_int(Type s) {
  switch (s) {
    case Type::U8:
      return cvt_int<D, u8>;
    case Type::S8:
      return cvt_int<D, i8>;
    case Type::U16:
      return cvt_int<D, u16>;
    case Type::S16:
      return cvt_int<D, i16>;
    case Type::U32:
      return cvt_int<D, u32>;
    case Type::S32:
      return cvt_int<D, i32>;
    case Type::U64:
      return cvt_int<D, u64>;
    case Type::S64:
      return cvt_int<D, i64>;
    default:
      return nullptr;
  }
}
template <class D>
Handler float_from_int(Type s) {
  switch (s) {
    case Type::U8:
      return cvt_int_float<D, u8>;
    case Type::S8:
      return cvt_int_float<D, i8>;
    case Type::U16:
      return cvt_int_float<D, u16>;
    case Type::S16:
      return cvt_int_float<D, i16>;
    case Type::U32:
      return cvt_int_float<D, u32>;
    case Type::S32:
      return cvt_int_float<D, i32>;
    case Type::U64:
      return cvt_int_float<D, u64>;
    case Type::S64:
      return cvt_int_float<D, i64>;
    default:
      return nullptr;
  }
}
template <class D, class F>
Handler int_from_float_mode(int mode) {
  switch (mode) {
    case RZI:
      return cvt_float_int<D, F, RZI>;
    case RMI:
      return cvt_float_int<D, F, RMI>;
    case RPI:
      return cvt_float_int<D, F, RPI>;
    default:
      return cvt_float_int<D, F, RNI>;
  }
}
template <class F>
Handler int_from_float(Type d, int mode) {
  switch (d) {
    case Type::U8:
      return int_from_float_mode<u8, F>(mode);
    case Type::S8:
      return int_from_float_mode<i8, F>(mode);
    case Type::U16:
      return int_from_float_mode<u16, F>(mode);
    case Type::S16:
      return int_from_float_mode<i16, F>(mode);
    case Type::U32:
      return int_from_float_mode<u32, F>(mode);
    case Type::S32:
      return int_from_float_mode<i32, F>(mode);
    case Type::U64:
      return int_from_float_mode<u64, F>(mode);
    case Type::S64:
      return int_from_float_mode<i64, F>(mode);
    default:
      return nullptr;
  }
}
Handler int_to_int(Type d, Type s) {
  switch (d) {
    case Type::U8:
      return from_int<u8>(s);
    case Type::S8:
      return from_int<i8>(s);
    case Type::U16:
      return from_int<u16>(s);
    case Type::S16:
      return from_int<i16>(s);
    case Type::U32:
      return from_int<u32>(s);
    case Type::S32:
      return from_int<i32>(s);
    case Type::U64:
      return from_int<u64>(s);
    case Type::S64:
      return from_int<i64>(s);
    default:
      return nullptr;
  }
}

void decode_cvt(InstDecoder& d) {
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
  Type dt = d.type(), st = d.type();
  i.ty = dt;
  i.ty2 = st;
  bool simple = i.sub == RN && !i.f1 && !i.f3;
  if (dt == Type::F16X2 && (st == Type::E4M3X2 || st == Type::E5M2X2)) {
    if (i.f1) d.bad(".relu");
    i.d = d.dst(0, dt);
    i.a = d.src(1, st);
    i.fn = cvt_f8_half2;
    return;
  }
  if (dt == Type::E4M3X2 || dt == Type::E5M2X2) {
    i.d = d.dst(0, dt);
    if (st == Type::F32) {
      i.a = d.src(1, st);
      i.b = d.src(2, st);
      i.fn = cvt_pack_f8;
    } else if (st == Type::F16X2) {
      if (i.f1) d.bad(".relu");
      i.a = d.src(1, st);
      i.fn = cvt_half2_f8;
    } else
      d.bad("types");
    return;
  }
  if (dt == Type::F16X2 || dt == Type::BF16X2) {
    if (st != Type::F32) d.bad("types");
    i.d = d.dst(0, dt);
    i.a = d.src(1, st);
    i.b = d.src(2, st);
    i.fn = simple ? (dt == Type::F16X2 ? cvt_pack_half : cvt_pack_bf16) : cvt_pack_slow;
    i.cls = kHalf2;
    return;
  }
  i.d = d.dst(0, dt);
  i.a = d.src(1, st);
  if (d.n() != 2) d.bad("operands");
  bool df = is_float(dt) || dt == Type::TF32, sf = is_float(st);
  if (!df && !sf) {
    i.fn = int_to_int(dt, st);
    return;
  }
  if (df && !sf) {
    if (i.f2) d.bad(".sat");
    if (dt == Type::F16 || dt == Type::BF16) {
      i.fn = cvt_half_int_slow;
      return;
    }
    i.fn = dt == Type::F64 ? float_from_int<double>(st) : float_from_int<float>(st);
    if (i.sub) {
      i.inner = i.fn;
      i.fn = cvt_mxcsr;
    }
    return;
  }
  if (!df) {
    i.fn = st == Type::F64   ? int_from_float<double>(dt, i.sub)
           : st == Type::F32 ? int_from_float<float>(dt, i.sub)
                             : cvt_half_int_slow;
    return;
  }
  if (dt == Type::F32 && st == Type::F32) {
    if (i.sub == RN)
      i.fn = i.f2 ? (z ? cvt_f32_f32<true, true> : cvt_f32_f32<false, true>)
                  : (z ? cvt_f32_f32<true, false> : cvt_f32_f32<false, false>);
    else if (!i.f2 && !z)
      i.fn = i.sub == RNI   ? cvt_round_f32<RNI>
             : i.sub == RZI ? cvt_round_f32<RZI>
             : i.sub == RMI ? cvt_round_f32<RMI>
             : i.sub == RPI ? cvt_round_f32<RPI>
                            : cvt_float_slow;
    else
      i.fn = cvt_float_slow;
    return;
  }
  bool plain = simple && !i.f2 && !z;
  i.fn = cvt_float_slow;
  if (dt == Type::F32 && st == Type::F16 && !i.f2) i.fn = cvt_half_f32;
  if (dt == Type::F32 && st == Type::BF16 && !i.f2) i.fn = cvt_bf16_f32;
  if (plain && dt == Type::F16 && st == Type::F32) i.fn = cvt_f32_half;
  if (plain && dt == Type::BF16 && st == Type::F32) i.fn = cvt_f32_bf16;
  if (plain && dt == Type::F64 && st == Type::F32) i.fn = cvt_f32_f64;
  if (plain && dt == Type::F32 && st == Type::F64) i.fn = cvt_f64_f32;
}

// ---- mov -------------------------------------------------------------------------------------------------
template <class S>
void mov(Warp& w, const Inst& i, u32 m) {
  S* d = reg<S>(w, i.d);
  const S* a = reg<S>(w, i.a);
  each_lane(d, m, [&](int l) { return a[l]; });
}
void mov_pred(Warp& w, const Inst& i, u32 m) {
  u32 v = predicate(w, i.a);
  set_predicate(predicate(w, i.d), m, i.f1 ? ~v : v);
}
void mov_pred_imm(Warp& w, const Inst& i, u32 m) { set_predicate(predicate(w, i.d), m, i.imm ? ~0u : 0); }
void mov_clock(Warp& w, const Inst& i, u32 m) {
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
    u64* d = reg<u64>(w, i.d);
    each_lane(d, m, [&](int) { return v; });
  } else {
    u32* d = reg<u32>(w, i.d);
    each_lane(d, m, [&](int) { return (u32)v; });
  }
}
// pack: v[0..vec) of `size` bytes -> d (wide bytes); unpack is the reverse
void pack(Warp& w, const Inst& i, u32 m) {
  int n = i.vec, bits = i.wide * 8 / n;
  u64 keep = bits == 64 ? ~0ull : (1ull << bits) - 1;
  auto get = [&](int k, int l) { return i.size == 8 ? reg<u64>(w, i.v[k])[l] : (u64)reg<u32>(w, i.v[k])[l]; };
  if (i.wide == 8) {
    u64* d = reg<u64>(w, i.d);
    if (n == 2 && i.size == 4) {
      const u32 *a = reg<u32>(w, i.v[0]), *b = reg<u32>(w, i.v[1]);
      each_lane(d, m, [&](int l) { return a[l] | (u64)b[l] << 32; });
      return;
    }
    for_lanes(m, [&](int l) {
      u64 r = 0;
      for (int k = 0; k < n; ++k) r |= (get(k, l) & keep) << (bits * k);
      d[l] = r;
    });
  } else {
    u32* d = reg<u32>(w, i.d);
    if (n == 2) {
      const u32 *a = reg<u32>(w, i.v[0]), *b = reg<u32>(w, i.v[1]);
      u32 kp = (u32)keep;
      each_lane(d, m, [&](int l) { return (a[l] & kp) | (b[l] & kp) << bits; });
      return;
    }
    for_lanes(m, [&](int l) {
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
    memcpy(src, reg<u64>(w, i.a), sizeof src);
  else
    for (int l = 0; l < 32; ++l) src[l] = reg<u32>(w, i.a)[l];
  for (int k = 0; k < n; ++k) {
    int sh = bits * k;
    u32 keep = bits >= 32 ? ~0u : (1u << bits) - 1;
    if (i.size == 8) {
      u64* d = reg<u64>(w, i.v[k]);
      each_lane(d, m, [&](int l) { return src[l]; });
    } else {
      u32* d = reg<u32>(w, i.v[k]);
      each_lane(d, m, [&](int l) { return (u32)(src[l] >> sh) & keep; });
    }
  }
}
void decode_mov(InstDecoder& d) {
  Inst& i = d.i;
  Type t = d.type();
  i.ty = t;
  const ParsedOperand &o0 = d.r.ops.at(0), &o1 = d.r.ops.at(1);
  if (t == Type::B128) d.bad("128-bit registers are not supported");
  i.wide = type_size(t) < 4 ? 4 : type_size(t);
  if (t == Type::Pred) {
    i.d = d.predicate_dst(o0);
    if (o1.kind == ParsedOperand::Imm) {
      i.imm = (i64)o1.imm;
      i.fn = mov_pred_imm;
    } else {
      i.a = d.predicate_src(o1, i.f1);
      i.fn = mov_pred;
    }
    return;
  }
  static const std::pair<const char*, int> dyn[] = {{"%clock", 0},          {"%clock_hi", 1},
                                                    {"%clock64", 2},        {"%globaltimer_lo", 3},
                                                    {"%globaltimer_hi", 4}, {"%globaltimer", 5}};
  if (o1.kind == ParsedOperand::Special)
    for (auto& [n, k] : dyn)
      if (o1.name == n) {
        i.sub = k;
        i.d = d.dst(0, t);
        i.fn = mov_clock;
        return;
      }
  if (o1.kind == ParsedOperand::Vec || o0.kind == ParsedOperand::Vec) {
    const ParsedOperand& vo = o1.kind == ParsedOperand::Vec ? o1 : o0;
    i.vec = vo.v.size();
    i.wide = type_size(t);
    int each_ = i.wide / i.vec;
    Type et = each_ == 8 ? Type::B64 : each_ == 4 ? Type::B32 : Type::B16;
    i.size = each_ == 8 ? 8 : 4;
    if (each_ == 1) d.bad("byte vectors");
    if (o1.kind == ParsedOperand::Vec) {
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
void cvta_run(Warp& w, const Inst& i, u32 m) {
  u64 win = i.space == Space::Shared  ? kSharedWin
            : i.space == Space::Local ? kLocalWin
            : i.space == Space::Param ? kParamWin
                                      : 0;
  if (i.wide == 8) {
    u64* d = reg<u64>(w, i.d);
    const u64* a = reg<u64>(w, i.a);
    each_lane(d, m, [&](int l) { return i.f1 ? (win ? a[l] & ~kWinMask : a[l]) : (a[l] | win); });
  } else
    fault(716, "32-bit cvta");
}
Space space_mod(InstDecoder& d) {
  if (d.has("shared") || d.has("shared::cta") || d.has("shared::cluster")) return Space::Shared;
  if (d.has("global")) return Space::Global;
  if (d.has("local")) return Space::Local;
  if (d.has("const")) return Space::Const;
  if (d.has("param") || d.has("param::entry")) return Space::Param;
  d.bad("state space");
}
void decode_cvta(InstDecoder& d) {
  Inst& i = d.i;
  i.f1 = d.has("to");
  i.space = space_mod(d);
  Type t = d.type();
  i.wide = type_size(t);
  i.d = d.dst(0, t);
  i.a = d.src(1, t);
  i.fn = cvta_run;
}
void isspacep(Warp& w, const Inst& i, u32 m) {
  const u64* a = reg<u64>(w, i.a);
  u64 win = i.space == Space::Shared  ? kSharedWin
            : i.space == Space::Local ? kLocalWin
            : i.space == Space::Param ? kParamWin
                                      : 0;
  set_predicate(predicate(w, i.d), m, mask_of([&](int l) { return (a[l] & kWinMask) == win; }));
}
void decode_isspacep(InstDecoder& d) {
  d.i.space = space_mod(d);
  d.i.d = d.predicate_dst(d.r.ops.at(0));
  d.i.a = d.src(1, Type::U64);
  d.i.fn = isspacep;
}

PTX_OP("cvt", decode_cvt);
PTX_OP("mov", decode_mov);
PTX_OP("cvta", decode_cvta);
PTX_OP("isspacep", decode_isspacep);
}  // namespace
}  // namespace convoy::vgpu
