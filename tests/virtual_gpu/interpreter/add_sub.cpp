// add, sub, neg, abs, div, rem.
#include "tests/virtual_gpu/interpreter/arithmetic.h"
#include "tests/virtual_gpu/interpreter/carry.h"
#include "tests/virtual_gpu/interpreter/integer_functions.h"
#include "tests/virtual_gpu/interpreter/packed_integers.h"

namespace convoy::vgpu {
namespace {

template <class IntegerOp, class SaturatingOp, class FloatOp, CarryOperation CARRY>
void decode_add_or_sub(InstDecoder& d) {
  Inst& i = d.i;
  const bool carries = d.has("cc"), sat = d.has("sat"), ftz = d.has("ftz");
  decode_rounding(d);
  const Type t = d.type();
  if (is_float(t) || is_half(t)) return decode_float_operation<2, FloatOp>(d, t, {ftz, sat}, kFlop32, 1);
  d.operands(t, 2);
  if (carries) {
    i.c = i.a;
    decode_carry(i, t, CARRY, false, true);
  } else if (sat) {
    if (t != Type::S32) d.bad(".sat");
    i.fn = &Binary<SaturatingOp>::template run<i32>;
  } else {
    i.fn = is_packed_integer(t) ? packed_integer_handler<IntegerOp>(t) : by_integer_type<Binary<IntegerOp>>(t);
  }
}

// The sign bits of half numbers are all that changes. imm: their mask.
template <bool ABS>
void half_sign(Warp& w, const Inst& i, u32 m) {
  const u32* a = reg<u32>(w, i.a);
  const u32 signs = static_cast<u32>(i.imm);
  each_lane(reg<u32>(w, i.d), m, [&](int l) { return ABS ? a[l] & ~signs : a[l] ^ signs; });
}
template <bool ABS, class IntegerOp, class FloatOp>
void decode_abs_or_neg(InstDecoder& d) {
  const bool ftz = d.has("ftz");
  const Type t = d.type();
  d.operands(t, 1);
  if (is_half(t)) {
    d.i.imm = is_packed_half(t) ? 0x80008000 : 0x8000;
    d.i.fn = half_sign<ABS>;
  } else if (is_float(t)) {
    d.i.fn = float_handler<1, FloatOp>(t, ftz, false);
  } else {
    d.i.fn = by_integer_type<Unary<IntegerOp>>(t);
  }
}

void decode_div(InstDecoder& d) {
  const bool ftz = d.has("ftz");
  d.one_of({"approx", "full"});  // at least as exact as asked for
  decode_rounding(d);
  const Type t = d.type();
  if (is_half(t)) d.bad("type");
  if (is_float(t)) return decode_float_operation<2, FloatDiv>(d, t, {ftz}, kFlop32, 1);
  d.operands(t, 2);
  d.i.fn = by_integer_type<Binary<IntegerDiv>>(t);
}
void decode_rem(InstDecoder& d) {
  const Type t = d.type();
  d.operands(t, 2);
  d.i.fn = by_integer_type<Binary<IntegerRem>>(t);
}

PTX_OP("add", (decode_add_or_sub<IntegerAdd, SaturatingAdd, FloatAdd, kCarryAdd>));
PTX_OP("sub", (decode_add_or_sub<IntegerSub, SaturatingSub, FloatSub, kCarrySub>));
PTX_OP("abs", (decode_abs_or_neg<true, IntegerAbs, FloatAbs>));
PTX_OP("neg", (decode_abs_or_neg<false, IntegerNeg, FloatNeg>));
PTX_OP("div", decode_div);
PTX_OP("rem", decode_rem);

}  // namespace
}  // namespace convoy::vgpu
