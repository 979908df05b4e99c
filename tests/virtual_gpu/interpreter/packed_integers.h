// Two 16-bit integers in a register: .u16x2 and .s16x2.
#pragma once

#include "tests/virtual_gpu/interpreter/lane_functions.h"

namespace convoy::vgpu {

inline bool is_packed_integer(Type t) { return t == Type::U16X2 || t == Type::S16X2; }

template <class Op, class T>
void packed_integer_lanes(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    const T low = Op::f(static_cast<T>(a[l]), static_cast<T>(b[l]));
    const T high = Op::f(static_cast<T>(a[l] >> 16), static_cast<T>(b[l] >> 16));
    return static_cast<u16>(low) | static_cast<u32>(static_cast<u16>(high)) << 16;
  });
}
template <class Op>
Handler packed_integer_handler(Type t) {
  return t == Type::U16X2 ? packed_integer_lanes<Op, u16> : packed_integer_lanes<Op, i16>;
}

}  // namespace convoy::vgpu
