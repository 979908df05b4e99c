// Integer arithmetic of one lane. Everything wraps; no operation is undefined.
#pragma once

#include <type_traits>

#include "tests/virtual_gpu/ptx/types.h"

namespace convoy::vgpu {

// At least u32, so that products of u16 do not become int.
template <class T>
using Unsigned = std::conditional_t<sizeof(T) < 4, u32, std::make_unsigned_t<T>>;

struct IntegerAdd {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  }
};
struct IntegerSub {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
  }
};
struct IntegerMul {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
  }
};
struct IntegerMulHi {  // the upper half of the product
  template <class T>
  static T f(T a, T b) {
    using W64 = std::conditional_t<std::is_signed_v<T>, i64, u64>;
    using W128 = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    using Wide = std::conditional_t<sizeof(T) == 8, W128, W64>;
    return static_cast<T>((static_cast<Wide>(a) * static_cast<Wide>(b)) >> (8 * sizeof(T)));
  }
};
template <class Product>
struct IntegerMultiplyAdd {
  template <class T>
  static T f(T a, T b, T c) {
    return IntegerAdd::f(Product::f(a, b), c);
  }
};
struct IntegerDiv {  // division by zero gives all ones
  template <class T>
  static T f(T a, T b) {
    if (b == 0) return static_cast<T>(~static_cast<T>(0));
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return IntegerSub::f(static_cast<T>(0), a);
    }
    return a / b;
  }
};
struct IntegerRem {
  template <class T>
  static T f(T a, T b) {
    if (b == 0) return a;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return a % b;
  }
};
struct IntegerMin {
  template <class T>
  static T f(T a, T b) {
    return a < b ? a : b;
  }
};
struct IntegerMax {
  template <class T>
  static T f(T a, T b) {
    return a > b ? a : b;
  }
};
template <class MinOrMax>
struct ThenRelu {  // negative results become zero
  template <class T>
  static T f(T a, T b) {
    return IntegerMax::f(MinOrMax::f(a, b), static_cast<T>(0));
  }
};
struct IntegerNeg {
  template <class T>
  static T f(T a) {
    return IntegerSub::f(static_cast<T>(0), a);
  }
};
struct IntegerAbs {
  template <class T>
  static T f(T a) {
    return a < 0 ? IntegerNeg::f(a) : a;
  }
};
struct IntegerSad {  // c + |a - b|
  template <class T>
  static T f(T a, T b, T c) {
    return IntegerAdd::f(c, a < b ? IntegerSub::f(b, a) : IntegerSub::f(a, b));
  }
};

inline i32 saturate_to_i32(i64 x) {
  return static_cast<i32>(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
}
struct SaturatingAdd {
  static i32 f(i32 a, i32 b) { return saturate_to_i32(static_cast<i64>(a) + b); }
};
struct SaturatingSub {
  static i32 f(i32 a, i32 b) { return saturate_to_i32(static_cast<i64>(a) - b); }
};

// The low 24 bits, as T would have them.
template <class T>
i64 low_24_bits(T x) {
  const u32 top = static_cast<u32>(x) << 8;
  if constexpr (std::is_signed_v<T>) return static_cast<i32>(top) >> 8;
  return top >> 8;
}
// Products of the low 24 bits: HI keeps bits 16 to 47 of the 48, else bits 0 to 31.
template <bool HI>
struct Mul24 {
  template <class T>
  static T f(T a, T b) {
    return static_cast<T>((low_24_bits(a) * low_24_bits(b)) >> (HI ? 16 : 0));
  }
};

}  // namespace convoy::vgpu
