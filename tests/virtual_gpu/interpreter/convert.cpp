// cvt: which conversion it is.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/conversions.h"
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/program_builder.h"
#include "tests/virtual_gpu/interpreter/rounding.h"

namespace convoy::vgpu {
namespace {

bool is_packed_f8(Type t) { return t == Type::E4M3X2 || t == Type::E5M2X2; }

void decode_pack(InstDecoder& d) {  // cvt.pack.sat.ty.s32[.b32] d, a, b[, c]
  Inst& i = d.i;
  if (!i.f2) d.bad("cvt.pack without .sat");
  i.ty = d.type();
  if (type_size(i.ty) > 2 || d.type() != Type::S32) d.bad("types");
  if (d.next_is_type()) d.type();
  i.d = d.dst(0, Type::U32);
  i.a = d.src(1, Type::S32);
  i.b = d.src(2, Type::S32);
  i.c = type_size(i.ty) == 1 ? d.src(3, Type::U32) : i.a;
  i.fn = integers_to_packed;
}

// To two numbers in a register.
void decode_to_packed(InstDecoder& d) {
  Inst& i = d.i;
  i.d = d.dst(0, i.ty);
  i.a = d.src(1, i.ty2);
  if (i.ty2 == Type::F32) {
    i.b = d.src(2, i.ty2);
    if (is_packed_half(i.ty)) i.cls = kHalf2;
    i.fn = floats_to_packed(i);
    return;
  }
  if (i.f1) d.bad(".relu");
  if (i.ty == Type::F16X2 && is_packed_f8(i.ty2))
    i.fn = f8_to_packed_half;
  else if (is_packed_f8(i.ty) && i.ty2 == Type::F16X2)
    i.fn = packed_half_to_f8;
  else
    d.bad("types");
}

void decode_integer_to_float(InstDecoder& d) {
  Inst& i = d.i;
  if (i.f2) d.bad(".sat");
  if (i.ty == Type::F16 || i.ty == Type::BF16) {
    i.fn = half_and_integer;
    return;
  }
  if (i.sub > kRp) d.bad("rounding mode");
  i.fn = integer_to_float(i.ty, i.ty2);
  apply_rounding(i);
}

// PTX lets an integer lie in a wider register than its type: the lower bits count.
Operand decode_source(InstDecoder& d) {
  Inst& i = d.i;
  const ParsedOperand& o = d.op(1);
  const bool is_wide = o.kind == ParsedOperand::Reg && lane_width(d.f.f->regs[o.reg].ty) == 8;
  if (!is_wide || lane_width(i.ty2) == 8 || is_float(i.ty2) || is_float(i.ty) || i.ty == Type::TF32)
    return d.src(1, i.ty2);
  i.wide = 8;
  return d.src(1, Type::U64);
}

void decode_cvt(InstDecoder& d) {
  Inst& i = d.i;
  const int rounding = d.index_of({"rn", "rz", "rm", "rp", "rna", "rni", "rzi", "rmi", "rpi"});
  i.sub = static_cast<u8>(std::max<int>(rounding, kRn));
  i.f1 = d.has("relu");
  i.f2 = d.has("sat");
  i.f3 = d.has("satfinite");
  i.imm = d.has("ftz");
  if (d.has("pack")) return decode_pack(d);
  i.ty = d.type();
  i.ty2 = d.type();
  if (is_packed_half(i.ty) || is_packed_f8(i.ty)) return decode_to_packed(d);
  if (d.n() != 2) d.bad("number of operands");
  i.d = d.dst(0, i.ty);
  i.a = decode_source(d);
  const bool to_float = is_float(i.ty) || i.ty == Type::TF32, from_float = is_float(i.ty2);
  if (to_float && !from_float) return decode_integer_to_float(d);
  if (to_float)
    i.fn = float_to_float(i);
  else
    i.fn = from_float ? float_to_integer(i.ty, i.ty2, i.sub) : integer_to_integer(i.ty, i.ty2);
}

PTX_OP("cvt", decode_cvt);

}  // namespace
}  // namespace convoy::vgpu
