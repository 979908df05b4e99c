// mul, mad, madc, fma, mul24, mad24, sad, dp4a, dp2a.
#include "tests/virtual_gpu/interpreter/arithmetic.h"
#include "tests/virtual_gpu/interpreter/carry.h"
#include "tests/virtual_gpu/interpreter/integer_functions.h"
#include "tests/virtual_gpu/interpreter/lane_functions.h"

namespace convoy::vgpu {
namespace {

// ---- products of twice the width: W the result, T the factors ----
template <class W, class T>
void mul_wide(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<W>::type;
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  each_lane(reg<S>(w, i.d), m, [&](int l) {
    return static_cast<S>(static_cast<W>(static_cast<T>(a[l])) * static_cast<W>(static_cast<T>(b[l])));
  });
}
template <class W, class T>
void mad_wide(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<W>::type;
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  const S* c = reg<S>(w, i.c);
  each_lane(reg<S>(w, i.d), m, [&](int l) {
    const S product = static_cast<S>(static_cast<W>(static_cast<T>(a[l])) * static_cast<W>(static_cast<T>(b[l])));
    return static_cast<S>(product + c[l]);
  });
}
void decode_wide(InstDecoder& d, Type t, bool adds) {
  Inst& i = d.i;
  const Type wide = type_size(t) == 4 ? Type::U64 : Type::U32;
  i.d = d.dst(0, wide);
  i.a = d.src(1, t);
  i.b = d.src(2, t);
  if (adds) i.c = d.src(3, wide);
  switch (t) {
    case Type::U16:
      i.fn = adds ? mad_wide<u32, u16> : mul_wide<u32, u16>;
      break;
    case Type::S16:
      i.fn = adds ? mad_wide<i32, i16> : mul_wide<i32, i16>;
      break;
    case Type::U32:
      i.fn = adds ? mad_wide<u64, u32> : mul_wide<u64, u32>;
      break;
    case Type::S32:
      i.fn = adds ? mad_wide<i64, i32> : mul_wide<i64, i32>;
      break;
    default:
      d.bad("type");
  }
}

void decode_mul(InstDecoder& d) {
  const std::string part = d.one_of({"lo", "hi", "wide"});
  const bool sat = d.has("sat"), ftz = d.has("ftz");
  decode_rounding(d);
  const Type t = d.type();
  if (is_float(t) || is_half(t)) return decode_float_operation<2, FloatMul>(d, t, {ftz, sat}, kFlop32, 1);
  if (part == "wide") return decode_wide(d, t, false);
  d.operands(t, 2);
  d.i.fn = part == "hi" ? by_integer_type<Binary<IntegerMulHi>>(t) : by_integer_type<Binary<IntegerMul>>(t);
}

template <bool READS_CARRY>
void decode_mad(InstDecoder& d) {
  const std::string part = d.one_of({"lo", "hi", "wide"});
  const bool writes_carry = d.has("cc"), sat = d.has("sat"), ftz = d.has("ftz");
  decode_rounding(d);
  const Type t = d.type();
  if (is_float(t)) return decode_float_operation<3, FloatFma>(d, t, {ftz, sat}, kFma32, 2);
  if (sat) d.bad(".sat");
  if (part == "wide") return decode_wide(d, t, true);
  d.operands(t, 3);
  const bool high = part == "hi";
  if (writes_carry || READS_CARRY)
    decode_carry(d.i, t, high ? kCarryMadHi : kCarryMadLo, READS_CARRY, writes_carry);
  else
    d.i.fn = high ? by_integer_type<Ternary<IntegerMultiplyAdd<IntegerMulHi>>>(t)
                  : by_integer_type<Ternary<IntegerMultiplyAdd<IntegerMul>>>(t);
}

void decode_fma(InstDecoder& d) {
  const bool sat = d.has("sat"), ftz = d.has("ftz"), relu = d.has("relu");
  decode_rounding(d);
  const Type t = d.type();
  if (!is_float(t) && !is_half(t)) d.bad("type");
  decode_float_operation<3, FloatFma>(d, t, {ftz, sat, relu}, kFma32, 2);
}

// ---- narrow integers ----
void decode_mul24(InstDecoder& d) {
  const bool high = d.one_of({"lo", "hi"}) == "hi";
  const Type t = d.type();
  d.operands(t, 2);
  d.i.fn = high ? by_integer_type<Binary<Mul24<true>>>(t) : by_integer_type<Binary<Mul24<false>>>(t);
}
void decode_mad24(InstDecoder& d) {
  const bool high = d.one_of({"lo", "hi"}) == "hi";
  const Type t = d.type();
  d.operands(t, 3);
  d.i.fn = high ? by_integer_type<Ternary<IntegerMultiplyAdd<Mul24<true>>>>(t)
                : by_integer_type<Ternary<IntegerMultiplyAdd<Mul24<false>>>>(t);
}
void decode_sad(InstDecoder& d) {
  const Type t = d.type();
  d.operands(t, 3);
  d.i.fn = by_integer_type<Ternary<IntegerSad>>(t);
}

// Element k of `bits` bits of a word, signed or not.
i32 field(u32 word, int k, int bits, bool is_signed_type) {
  const u32 top = word << (32 - bits * (k + 1));
  return is_signed_type ? static_cast<i32>(top) >> (32 - bits) : static_cast<i32>(top >> (32 - bits));
}
// f1, f2: a, b are signed. dp4a: four bytes each; dp2a: two halves of a with bytes sub and sub + 1 of b.
void dp4a(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    u32 sum = c[l];
    for (int k = 0; k < 4; ++k) sum += static_cast<u32>(field(a[l], k, 8, i.f1) * field(b[l], k, 8, i.f2));
    return sum;
  });
}
void dp2a(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    u32 sum = c[l];
    for (int k = 0; k < 2; ++k) sum += static_cast<u32>(field(a[l], k, 16, i.f1) * field(b[l], i.sub + k, 8, i.f2));
    return sum;
  });
}
template <bool FOUR>
void decode_dot_product(InstDecoder& d) {
  if (!FOUR) d.i.sub = d.one_of({"lo", "hi"}) == "hi" ? 2 : 0;
  d.i.f1 = is_signed(d.type());
  d.i.f2 = is_signed(d.type());
  d.operands(Type::U32, 3);
  d.i.fn = FOUR ? dp4a : dp2a;
}

PTX_OP("mul", decode_mul);
PTX_OP("mad", decode_mad<false>);
PTX_OP("madc", decode_mad<true>);
PTX_OP("fma", decode_fma);
PTX_OP("mul24", decode_mul24);
PTX_OP("mad24", decode_mad24);
PTX_OP("sad", decode_sad);
PTX_OP("dp4a", decode_dot_product<true>);
PTX_OP("dp2a", decode_dot_product<false>);

}  // namespace
}  // namespace convoy::vgpu
