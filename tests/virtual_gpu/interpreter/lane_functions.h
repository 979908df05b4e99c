// Handlers made of a function of one lane's values: struct Op { template <class T> static T f(T a, T b); }.
#pragma once

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {

template <class Op>
struct Unary {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    const S* a = reg<S>(w, i.a);
    each_lane(reg<S>(w, i.d), m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]))); });
  }
};
template <class Op>
struct Binary {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
    each_lane(reg<S>(w, i.d), m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), read_lane<T>(b[l]))); });
  }
};
template <class Op>
struct Ternary {
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b), *c = reg<S>(w, i.c);
    each_lane(reg<S>(w, i.d), m,
              [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), read_lane<T>(b[l]), read_lane<T>(c[l]))); });
  }
};
template <class Op>
struct ToU32 {  // popc, clz and others whose result is u32 for every type
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    const S* a = reg<S>(w, i.a);
    each_lane(reg<u32>(w, i.d), m, [&](int l) { return static_cast<u32>(Op::f(read_lane<T>(a[l]))); });
  }
};
template <class Op>
struct ShiftBy {  // the second operand is u32 for every type
  template <class T>
  static void run(Warp& w, const Inst& i, u32 m) {
    using S = typename LaneStorage<T>::type;
    const S* a = reg<S>(w, i.a);
    const u32* b = reg<u32>(w, i.b);
    each_lane(reg<S>(w, i.d), m, [&](int l) { return write_lane<T>(Op::f(read_lane<T>(a[l]), b[l])); });
  }
};

// K::run<T> for the C++ type of an integer or bits type; null for others.
template <class K>
Handler by_integer_type(Type t) {
  switch (t) {
    case Type::U8:
    case Type::B8:
      return &K::template run<u8>;
    case Type::S8:
      return &K::template run<i8>;
    case Type::U16:
    case Type::B16:
      return &K::template run<u16>;
    case Type::S16:
      return &K::template run<i16>;
    case Type::U32:
    case Type::B32:
      return &K::template run<u32>;
    case Type::S32:
      return &K::template run<i32>;
    case Type::U64:
    case Type::B64:
      return &K::template run<u64>;
    case Type::S64:
      return &K::template run<i64>;
    default:
      return nullptr;
  }
}

}  // namespace convoy::vgpu
