// cvt between floating-point formats: vectorised where nothing but rounding to the nearest is asked for.
#include "tests/virtual_gpu/interpreter/conversions.h"
#include "tests/virtual_gpu/interpreter/float_functions.h"

namespace convoy::vgpu {
namespace {

constexpr double kSmallestNormal = 1.17549435e-38, kLargestHalf = 65504.0, kLargestBf16 = 3.3895313892515355e38;
constexpr double kLargestTf32 = 3.4011621342146535e38;
constexpr int kHalfMantissa = 10, kBf16Mantissa = 7, kTf32Mantissa = 10, kFloatMantissa = 23;
constexpr int kHalfMinExponent = -14, kFloatMinExponent = -126;

double relu(double x) { return x > 0 || x != x ? x : 0.0; }
template <class T>
T flush(T x) {
  return std::fabs(x) < kSmallestNormal ? std::copysign(T{0}, x) : x;
}
// What rounding gave, brought into a format whose largest number is `largest`.
double limited(double x, double largest, const Inst& i) {
  if (!(std::fabs(x) > largest)) return x;
  return std::copysign(i.f3 || i.sub == kRz ? largest : INFINITY, x);
}

float to_f32(double x, const Inst& i) {
  const bool rounds = i.sub < kRni && i.ty2 == Type::F64;
  float f = static_cast<float>(rounds ? round_to_format(x, kFloatMantissa, kFloatMinExponent, i.sub) : x);
  if (i.f2) f = saturate(f);
  return i.imm & 1 ? flush(f) : f;
}
float to_tf32(double x, const Inst& i) {
  if (i.f1) x = relu(x);
  return static_cast<float>(limited(round_to_format(x, kTf32Mantissa, kFloatMinExponent, i.sub), kLargestTf32, i));
}

void any_to_any(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    double x = read_float(w, i.a, i.ty2, l);
    if (i.imm & 1) x = flush(x);
    if (i.sub >= kRni) x = round_to_integer(x, i.sub);
    if (i.ty == Type::F64)
      reg<double>(w, i.d)[l] = i.f2 ? saturate(x) : x;
    else if (i.ty == Type::F16 || i.ty == Type::BF16)
      reg<u32>(w, i.d)[l] = encode_half(x, i.ty == Type::BF16, i);
    else
      reg<float>(w, i.d)[l] = i.ty == Type::TF32 ? to_tf32(x, i) : to_f32(x, i);
  });
}

// ---- vectorised: one lane's function from a register of S to one of D ----
template <class D, class S, D (*F)(S)>
void each_converted(Warp& w, const Inst& i, u32 m) {
  const S* a = reg<S>(w, i.a);
  each_lane(reg<D>(w, i.d), m, [&](int l) { return F(a[l]); });
}
float half_to_f32(u32 a) { return to_float(half_t{static_cast<u16>(a)}); }
u32 bf16_to_f32(u32 a) { return a << 16; }
u32 f32_to_half(float a) { return to_half(a).b; }
u32 f32_to_bf16(float a) { return to_bf16(a).b; }
double f32_to_f64(float a) { return a; }
float f64_to_f32(double a) { return static_cast<float>(a); }
template <u8 ROUNDING>
float to_whole_f32(float a) {
  return round_to_integer(a, ROUNDING);
}
template <bool FTZ, bool SAT>
float f32_to_f32(float a) {
  return float_output<float, FTZ, SAT>(a);
}

Handler f32_to_f32_handler(const Inst& i) {
  const bool ftz = i.imm & 1;
  if (i.sub == kRn && i.f2)
    return ftz ? each_converted<float, float, f32_to_f32<true, true>>
               : each_converted<float, float, f32_to_f32<false, true>>;
  if (i.sub == kRn)
    return ftz ? each_converted<float, float, f32_to_f32<true, false>>
               : each_converted<float, float, f32_to_f32<false, false>>;
  if (i.f2 || ftz) return any_to_any;
  switch (i.sub) {
    case kRni:
      return each_converted<float, float, to_whole_f32<kRni>>;
    case kRzi:
      return each_converted<float, float, to_whole_f32<kRzi>>;
    case kRmi:
      return each_converted<float, float, to_whole_f32<kRmi>>;
    case kRpi:
      return each_converted<float, float, to_whole_f32<kRpi>>;
    default:
      return any_to_any;
  }
}

// ---- two numbers in a register: a above b ----
template <class D, D (*F)(float)>
void pack_nearest(Warp& w, const Inst& i, u32 m) {
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  each_lane(reg<u32>(w, i.d), m, [&](int l) { return static_cast<u32>(F(a[l]).b) << 16 | F(b[l]).b; });
}
void pack_halves(Warp& w, const Inst& i, u32 m) {
  const bool is_bf16 = i.ty == Type::BF16X2;
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  u32* d = reg<u32>(w, i.d);
  for_lanes(
      m, [&](int l) { d[l] = static_cast<u32>(encode_half(a[l], is_bf16, i)) << 16 | encode_half(b[l], is_bf16, i); });
}
const F8Format& f8_format(Type packed) { return packed == Type::E5M2X2 ? kE5M2 : kE4M3; }
void pack_f8(Warp& w, const Inst& i, u32 m) {
  const F8Format& format = f8_format(i.ty);
  const float *a = reg<float>(w, i.a), *b = reg<float>(w, i.b);
  u32* d = reg<u32>(w, i.d);
  const auto limit = [&](float x) { return i.f1 ? static_cast<float>(relu(x)) : x; };
  for_lanes(
      m, [&](int l) { d[l] = static_cast<u32>(encode_f8(limit(a[l]), format)) << 8 | encode_f8(limit(b[l]), format); });
}

}  // namespace

double read_float(Warp& w, const Operand& o, Type t, int lane) {
  switch (t) {
    case Type::F64:
      return reg<double>(w, o)[lane];
    case Type::F16:
      return to_float(half_t{static_cast<u16>(reg<u32>(w, o)[lane])});
    case Type::BF16:
      return to_float(bf16_t{static_cast<u16>(reg<u32>(w, o)[lane])});
    default:
      return reg<float>(w, o)[lane];
  }
}

u16 encode_half(double x, bool is_bf16, const Inst& i) {
  if (i.f1) x = relu(x);
  if (i.f2) x = saturate(x);
  if (x != x) return 0x7fff;
  if (is_bf16) {
    const double rounded = round_to_format(x, kBf16Mantissa, kFloatMinExponent, i.sub);
    return static_cast<u16>(float_to_bits(static_cast<float>(limited(rounded, kLargestBf16, i))) >> 16);
  }
  const double rounded = round_to_format(x, kHalfMantissa, kHalfMinExponent, i.sub);
  return to_half(static_cast<float>(limited(rounded, kLargestHalf, i))).b;
}

Handler float_to_float(const Inst& i) {
  const bool ftz = i.imm & 1, plain = i.sub == kRn && !i.f1 && !i.f2 && !i.f3 && !ftz;
  if (i.ty == Type::F32 && i.ty2 == Type::F32) return f32_to_f32_handler(i);
  if (i.ty == Type::F32 && i.ty2 == Type::F16 && !i.f2) return each_converted<float, u32, half_to_f32>;
  if (i.ty == Type::F32 && i.ty2 == Type::BF16 && !i.f2) return each_converted<u32, u32, bf16_to_f32>;
  if (!plain) return any_to_any;
  if (i.ty == Type::F16 && i.ty2 == Type::F32) return each_converted<u32, float, f32_to_half>;
  if (i.ty == Type::BF16 && i.ty2 == Type::F32) return each_converted<u32, float, f32_to_bf16>;
  if (i.ty == Type::F64 && i.ty2 == Type::F32) return each_converted<double, float, f32_to_f64>;
  if (i.ty == Type::F32 && i.ty2 == Type::F64) return each_converted<float, double, f64_to_f32>;
  return any_to_any;
}

Handler floats_to_packed(const Inst& i) {
  if (!is_packed_half(i.ty)) return pack_f8;
  if (i.sub != kRn || i.f1 || i.f3) return pack_halves;
  return i.ty == Type::F16X2 ? pack_nearest<half_t, to_half> : pack_nearest<bf16_t, to_bf16>;
}

void packed_half_to_f8(Warp& w, const Inst& i, u32 m) {
  const F8Format& format = f8_format(i.ty);
  const u32* a = reg<u32>(w, i.a);
  u32* d = reg<u32>(w, i.d);
  for_lanes(m, [&](int l) {
    d[l] = static_cast<u32>(encode_f8(half_to_f32(a[l] >> 16), format)) << 8 | encode_f8(half_to_f32(a[l]), format);
  });
}
void f8_to_packed_half(Warp& w, const Inst& i, u32 m) {
  const F8Format& format = f8_format(i.ty2);
  const u32* a = reg<u32>(w, i.a);
  u32* d = reg<u32>(w, i.d);
  const auto half_of = [&](u32 byte) { return to_half(decode_f8(static_cast<u8>(byte), format)).b; };
  for_lanes(m, [&](int l) { d[l] = static_cast<u32>(half_of(a[l] >> 8)) << 16 | half_of(a[l]); });
}

}  // namespace convoy::vgpu
