// and, or, xor, not, cnot, lop3, shl, shr, shf: of bits and of predicates.
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/integer_functions.h"
#include "tests/virtual_gpu/interpreter/lane_functions.h"

namespace convoy::vgpu {
namespace {

struct And {
  template <class T>
  static T f(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <class T>
  static T f(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <class T>
  static T f(T a, T b) {
    return a ^ b;
  }
};
struct Not {
  template <class T>
  static T f(T a) {
    return static_cast<T>(~a);
  }
};
struct Cnot {
  template <class T>
  static T f(T a) {
    return a == 0 ? 1 : 0;
  }
};
struct Shl {  // a shift by the width or more leaves nothing
  template <class T>
  static T f(T a, u32 s) {
    return s >= 8 * sizeof(T) ? T{0} : static_cast<T>(static_cast<Unsigned<T>>(a) << s);
  }
};
struct Shr {  // of a signed type: leaves only the sign
  template <class T>
  static T f(T a, u32 s) {
    constexpr u32 kBits = 8 * sizeof(T);
    if (s < kBits) return static_cast<T>(a >> s);
    return std::is_signed_v<T> ? static_cast<T>(a >> (kBits - 1)) : T{0};
  }
};

// A predicate row is a lane mask: one operation serves all lanes. f1, f2: a, b are negated.
template <class Op>
void predicate_logic(Warp& w, const Inst& i, u32 m) {
  const u32 a = predicate(w, i.a), b = predicate(w, i.b);
  set_predicate(predicate(w, i.d), m, Op::f(i.f1 ? ~a : a, i.f2 ? ~b : b));
}
void predicate_not(Warp& w, const Inst& i, u32 m) {
  const u32 a = predicate(w, i.a);
  set_predicate(predicate(w, i.d), m, i.f1 ? a : ~a);
}

template <class Op>
void decode_logic(InstDecoder& d) {
  const Type t = d.type();
  if (t != Type::Pred) {
    d.operands(t, 2);
    d.i.fn = by_integer_type<Binary<Op>>(t);
    return;
  }
  d.i.d = d.predicate_dst(d.op(0));
  d.i.a = d.predicate_src(d.op(1), d.i.f1);
  d.i.b = d.predicate_src(d.op(2), d.i.f2);
  d.i.fn = predicate_logic<Op>;
}
void decode_not(InstDecoder& d) {
  const Type t = d.type();
  if (t != Type::Pred) {
    d.operands(t, 1);
    d.i.fn = by_integer_type<Unary<Not>>(t);
    return;
  }
  d.i.d = d.predicate_dst(d.op(0));
  d.i.a = d.predicate_src(d.op(1), d.i.f1);
  d.i.fn = predicate_not;
}
void decode_cnot(InstDecoder& d) {
  const Type t = d.type();
  d.operands(t, 1);
  d.i.fn = by_integer_type<Unary<Cnot>>(t);
}
template <class Op>
void decode_shift(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, Type::U32);
  d.i.fn = by_integer_type<ShiftBy<Op>>(t);
}

// ---- lop3: any function of three bits, given as its table of eight ----
void lop3(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  const u32 table = static_cast<u32>(i.imm);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    u32 result = 0;
    const u32 x = a[l], y = b[l], z = c[l];
    if (table & 0x01) result |= ~x & ~y & ~z;
    if (table & 0x02) result |= ~x & ~y & z;
    if (table & 0x04) result |= ~x & y & ~z;
    if (table & 0x08) result |= ~x & y & z;
    if (table & 0x10) result |= x & ~y & ~z;
    if (table & 0x20) result |= x & ~y & z;
    if (table & 0x40) result |= x & y & ~z;
    if (table & 0x80) result |= x & y & z;
    return result;
  });
}
void decode_lop3(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, t);
  d.i.imm = static_cast<i64>(d.immediate(4));
  d.i.fn = lop3;
}

// ---- shf: 64 bits, b above a, shifted by c; the upper (left) or lower (right) half of the result ----
template <bool LEFT, bool WRAP>
void shf(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    const u32 by = WRAP ? c[l] & 31 : (c[l] < 32 ? c[l] : 32);
    const u64 both = a[l] | static_cast<u64>(b[l]) << 32;
    return static_cast<u32>(LEFT ? (both << by) >> 32 : both >> by);
  });
}
void decode_shf(InstDecoder& d) {
  const std::string direction = d.one_of({"l", "r"}), mode = d.one_of({"clamp", "wrap"});
  if (direction.empty() || mode.empty()) d.bad("form");
  const bool wraps = mode == "wrap";
  d.operands(d.type(), 3);
  if (direction == "l")
    d.i.fn = wraps ? shf<true, true> : shf<true, false>;
  else
    d.i.fn = wraps ? shf<false, true> : shf<false, false>;
}

PTX_OP("and", decode_logic<And>);
PTX_OP("or", decode_logic<Or>);
PTX_OP("xor", decode_logic<Xor>);
PTX_OP("not", decode_not);
PTX_OP("cnot", decode_cnot);
PTX_OP("shl", decode_shift<Shl>);
PTX_OP("shr", decode_shift<Shr>);
PTX_OP("lop3", decode_lop3);
PTX_OP("shf", decode_shf);

}  // namespace
}  // namespace convoy::vgpu
