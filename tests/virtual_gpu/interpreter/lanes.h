// Access to the 32 lanes of an operand.
#pragma once

#include <immintrin.h>

#include <cstring>
#include <type_traits>

#include "tests/virtual_gpu/interpreter/block_state.h"
#include "tests/virtual_gpu/interpreter/number_formats.h"

namespace convoy::vgpu {

constexpr int kLanes = 32;
constexpr u32 kAllLanes = ~0u;

template <class T>
inline T* reg(Warp& w, const Operand& o) {
  return reinterpret_cast<T*>(w.base[o.sel] + o.off);
}
inline u32& predicate(Warp& w, const Operand& o) { return *reg<u32>(w, o); }
inline void set_predicate(u32& p, u32 m, u32 v) { p = (p & ~m) | (v & m); }

// How a lane of a register that holds a T is stored.
template <class T>
struct LaneStorage {
  using type = std::conditional_t<sizeof(T) == 8, u64, u32>;
};

template <class T>
inline T read_lane(typename LaneStorage<T>::type lane) {
  if constexpr (sizeof(T) == sizeof(lane)) {
    T value;
    memcpy(&value, &lane, sizeof value);
    return value;
  } else if constexpr (std::is_class_v<T>) {
    return T{static_cast<u16>(lane)};
  } else {
    return static_cast<T>(lane);
  }
}
template <class T>
inline typename LaneStorage<T>::type write_lane(T value) {
  typename LaneStorage<T>::type lane;
  if constexpr (sizeof(T) == sizeof(lane))
    memcpy(&lane, &value, sizeof lane);
  else if constexpr (std::is_class_v<T>)
    lane = value.b;
  else if constexpr (sizeof(T) == 2)
    lane = static_cast<u16>(value);
  else
    lane = static_cast<u8>(value);
  return lane;
}

// d[l] = f(l) for the lanes of m. f is called for the other lanes too, so that the loop vectorises: it must not fault.
template <class T, class F>
inline __attribute__((always_inline)) void each_lane(T* d, u32 m, F f) {
  if (m == kAllLanes) {
#pragma GCC ivdep
    for (int l = 0; l < kLanes; ++l) d[l] = f(l);
  } else {
#pragma GCC ivdep
    for (int l = 0; l < kLanes; ++l) {
      T v = f(l);
      d[l] = (m >> l & 1) ? v : d[l];
    }
  }
}
template <class F>
inline void for_lanes(u32 m, F f) {
  for (; m; m &= m - 1) f(__builtin_ctz(m));
}
// Bit l of the result is f(l), for all 32 lanes.
template <class F>
inline __attribute__((always_inline)) u32 mask_of(F f) {
  alignas(32) u8 bytes[kLanes];
#pragma GCC ivdep
  for (int l = 0; l < kLanes; ++l) bytes[l] = f(l) ? 0xff : 0;
  return static_cast<u32>(_mm256_movemask_epi8(*reinterpret_cast<const __m256i*>(bytes)));
}
inline int first_lane(u32 m) { return __builtin_ctz(m); }

}  // namespace convoy::vgpu
