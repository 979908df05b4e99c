// Handlers of cvt by types. In an Inst of cvt: ty is the type of the result, ty2 that of the source, sub the Rounding,
// f1 .relu, f2 .sat, f3 .satfinite, imm 1 with .ftz, wide 8 where an integer of up to 32 bits lies in a 64-bit
// register.
#pragma once

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {

// Null where PTX has no such conversion.
Handler integer_to_integer(Type to, Type from);
Handler integer_to_float(Type to, Type from);  // to f32 or f64
Handler float_to_integer(Type to, Type from, u8 rounding);
Handler float_to_float(const Inst& i);
Handler floats_to_packed(const Inst& i);  // two f32 to f16x2, bf16x2, e4m3x2 or e5m2x2
void packed_half_to_f8(Warp& w, const Inst& i, u32 m);
void f8_to_packed_half(Warp& w, const Inst& i, u32 m);
void half_and_integer(Warp& w, const Inst& i, u32 m);    // between f16 or bf16 and integers, either way
void integers_to_packed(Warp& w, const Inst& i, u32 m);  // cvt.pack

u16 encode_half(double x, bool is_bf16, const Inst& i);  // with the rounding and the limits that i asks for
double read_float(Warp& w, const Operand& o, Type t, int lane);

template <class F>
inline F round_to_integer(F x, u8 rounding) {
  switch (rounding) {
    case kRzi:
      return std::trunc(x);
    case kRmi:
      return std::floor(x);
    case kRpi:
      return std::ceil(x);
    default:
      return std::rint(x);
  }
}

}  // namespace convoy::vgpu
