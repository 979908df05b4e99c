// The comparisons of setp and set, over all lanes at once.
#pragma once

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/float_functions.h"

namespace convoy::vgpu {

// The last eight are true of unordered operands (one is NaN), or ask for just that.
enum Comparison { kEq, kNe, kLt, kLe, kGt, kGe, kEqu, kNeu, kLtu, kLeu, kGtu, kGeu, kNum, kNan };

template <int C, class T>
inline bool compare(T a, T b) {
  if constexpr (C == kEq) return a == b;
  if constexpr (C == kNe) return std::is_floating_point_v<T> ? (a < b || a > b) : a != b;
  if constexpr (C == kLt) return a < b;
  if constexpr (C == kLe) return a <= b;
  if constexpr (C == kGt) return a > b;
  if constexpr (C == kGe) return a >= b;
  if constexpr (C == kEqu) return !(a < b || a > b);
  if constexpr (C == kNeu) return a != b;
  if constexpr (C == kLtu) return !(a >= b);
  if constexpr (C == kLeu) return !(a > b);
  if constexpr (C == kGtu) return !(a <= b);
  if constexpr (C == kGeu) return !(a < b);
  if constexpr (C == kNum) return a == a && b == b;
  if constexpr (C == kNan) return a != a || b != b;
}

// Element k of a lane as a value to compare.
template <class T, bool FTZ>
inline auto comparable(typename LaneStorage<T>::type lane, int k) {
  if constexpr (std::is_class_v<T>)
    return to_float(T{static_cast<u16>(lane >> (16 * k))});
  else if constexpr (std::is_floating_point_v<T>)
    return float_input<T, FTZ>(read_lane<T>(lane));
  else
    return read_lane<T>(lane);
}

// Bit l: element k of lane l of i.a compares so with that of i.b.
template <int C, class T, bool FTZ>
u32 compare_lanes(Warp& w, const Inst& i, int k) {
  using S = typename LaneStorage<T>::type;
  const S *a = reg<S>(w, i.a), *b = reg<S>(w, i.b);
  return mask_of([&](int l) { return compare<C>(comparable<T, FTZ>(a[l], k), comparable<T, FTZ>(b[l], k)); });
}

// i.sub: how the result is combined with predicate i.c, which i.f2 negates.
enum Combination : u8 { kAlone, kWithAnd, kWithOr, kWithXor };
inline u32 combine(Warp& w, const Inst& i, u32 result) {
  if (i.sub == kAlone) return result;
  const u32 p = i.f2 ? ~predicate(w, i.c) : predicate(w, i.c);
  return i.sub == kWithAnd ? result & p : i.sub == kWithOr ? result | p : result ^ p;
}

}  // namespace convoy::vgpu
