// Decoding that the arithmetic opcodes share.
#pragma once

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/half_functions.h"
#include "tests/virtual_gpu/interpreter/rounding.h"

namespace convoy::vgpu {

struct FloatModifiers {
  bool ftz = false, sat = false, relu = false;
};

inline void count_flops(Inst& i, CountClass cls, u32 flops) {
  i.cls = cls;
  i.flops = flops;
}

// An operation on N numbers of a floating-point type `t`; the rounding mode has been decoded.
template <int N, class Op>
void decode_float_operation(InstDecoder& d, Type t, const FloatModifiers& modifiers, CountClass cls, u32 flops) {
  Inst& i = d.i;
  d.operands(t, N);
  if (is_half(t)) {
    if (i.sub != kRn) d.bad("rounding mode");
    i.f1 = modifiers.relu;
    i.f2 = modifiers.sat;
    i.f3 = modifiers.ftz;
    i.fn = half_handler<N, Op>(i, t);
    count_flops(i, cls, flops * i.vec);
    return;
  }
  if (modifiers.relu) d.bad(".relu");
  i.fn = float_handler<N, Op>(t, modifiers.ftz, modifiers.sat);
  apply_rounding(i);
  count_flops(i, cls, flops);
}

}  // namespace convoy::vgpu
