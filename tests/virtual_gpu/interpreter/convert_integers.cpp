// cvt from and to integers.
#include <limits>

#include "tests/virtual_gpu/interpreter/conversions.h"

namespace convoy::vgpu {
namespace {

// A narrow integer fills its register, sign- or zero-extended.
template <class D>
inline typename LaneStorage<D>::type extended(D v) {
  using S = typename LaneStorage<D>::type;
  using SignedLane = std::make_signed_t<S>;
  if constexpr (std::is_signed_v<D>)
    return static_cast<S>(static_cast<SignedLane>(v));
  else
    return static_cast<S>(v);
}
template <class D, class S>
inline D clamped(S v) {
  using Limits = std::numeric_limits<D>;
  if (std::is_signed_v<S> && v < 0) {
    if (!std::is_signed_v<D>) return 0;
    return static_cast<i64>(v) < static_cast<i64>(Limits::min()) ? Limits::min() : static_cast<D>(v);
  }
  return static_cast<u64>(v) > static_cast<u64>(Limits::max()) ? Limits::max() : static_cast<D>(v);
}

template <class D>
struct ToInteger {
  template <class S>
  static void run(Warp& w, const Inst& i, u32 m) {
    using Lane = typename LaneStorage<S>::type;
    if (i.wide == 8)
      convert(w, i, m, [a = reg<u64>(w, i.a)](int l) { return read_lane<S>(static_cast<Lane>(a[l])); });
    else
      convert(w, i, m, [a = reg<Lane>(w, i.a)](int l) { return read_lane<S>(a[l]); });
  }

 private:
  template <class Source>
  static void convert(Warp& w, const Inst& i, u32 m, const Source& source) {
    using S = decltype(source(0));
    auto* d = reg<typename LaneStorage<D>::type>(w, i.d);
    if (i.f2)
      each_lane(d, m, [&](int l) { return extended<D>(clamped<D, S>(source(l))); });
    else
      each_lane(d, m, [&](int l) { return extended<D>(static_cast<D>(source(l))); });
  }
};
template <class D>
struct ToFloat {
  template <class S>
  static void run(Warp& w, const Inst& i, u32 m) {
    const auto* a = reg<typename LaneStorage<S>::type>(w, i.a);
    each_lane(reg<D>(w, i.d), m, [&](int l) { return static_cast<D>(read_lane<S>(a[l])); });
  }
};

// K::run<T> for a type of PTX; unlike by_integer_type() without the bits types, which cvt does not take.
template <class K>
Handler by_type(Type t) {
  switch (t) {
    case Type::U8:
      return &K::template run<u8>;
    case Type::S8:
      return &K::template run<i8>;
    case Type::U16:
      return &K::template run<u16>;
    case Type::S16:
      return &K::template run<i16>;
    case Type::U32:
      return &K::template run<u32>;
    case Type::S32:
      return &K::template run<i32>;
    case Type::U64:
      return &K::template run<u64>;
    case Type::S64:
      return &K::template run<i64>;
    default:
      return nullptr;
  }
}

// NaN becomes 0; what is out of range becomes the nearest integer in it.
template <class F, u8 ROUNDING>
struct FromFloat {
  template <class D>
  static void run(Warp& w, const Inst& i, u32 m) {
    using Limits = std::numeric_limits<D>;
    constexpr F kLowest = static_cast<F>(Limits::min());
    constexpr F kBeyond = static_cast<F>(1ull << (8 * sizeof(D) - 1)) * (std::is_signed_v<D> ? F{1} : F{2});
    const F* a = reg<F>(w, i.a);
    each_lane(reg<typename LaneStorage<D>::type>(w, i.d), m, [&](int l) {
      const F x = round_to_integer(a[l], ROUNDING);
      if (x != x) return extended<D>(D{0});
      return extended<D>(x < kLowest ? Limits::min() : x >= kBeyond ? Limits::max() : static_cast<D>(x));
    });
  }
};
template <class F>
Handler from_float(Type to, u8 rounding) {
  switch (rounding) {
    case kRzi:
      return by_type<FromFloat<F, kRzi>>(to);
    case kRmi:
      return by_type<FromFloat<F, kRmi>>(to);
    case kRpi:
      return by_type<FromFloat<F, kRpi>>(to);
    default:
      return by_type<FromFloat<F, kRni>>(to);
  }
}

u64 clamp_to_type(double x, Type t) {
  const bool is_signed_type = is_signed(t);
  const int bits = 8 * type_size(t);
  const double lowest = is_signed_type ? -std::ldexp(1.0, bits - 1) : 0;
  const double beyond = std::ldexp(1.0, is_signed_type ? bits - 1 : bits);
  if (x != x) return 0;
  if (x < lowest) return static_cast<u64>(static_cast<i64>(lowest));
  if (x >= beyond) return ~0ull >> (64 - bits + (is_signed_type ? 1 : 0));
  return is_signed_type ? static_cast<u64>(static_cast<i64>(x)) : static_cast<u64>(x);
}

void half_to_integer(Warp& w, const Inst& i, int l) {
  const u64 value = clamp_to_type(round_to_integer(read_float(w, i.a, i.ty2, l), i.sub), i.ty);
  if (type_size(i.ty) == 8)
    reg<u64>(w, i.d)[l] = value;
  else
    reg<u32>(w, i.d)[l] = static_cast<u32>(value);
}
void integer_to_half(Warp& w, const Inst& i, int l) {
  const u64 raw = type_size(i.ty2) == 8 ? reg<u64>(w, i.a)[l] : reg<u32>(w, i.a)[l];
  const int unused_bits = 64 - 8 * type_size(i.ty2);
  const u64 top = raw << unused_bits;
  const double x = is_signed(i.ty2) ? static_cast<double>(static_cast<i64>(top) >> unused_bits)
                                    : static_cast<double>(top >> unused_bits);
  reg<u32>(w, i.d)[l] = encode_half(x, i.ty == Type::BF16, i);
}

}  // namespace

Handler integer_to_integer(Type to, Type from) {
  switch (to) {
    case Type::U8:
      return by_type<ToInteger<u8>>(from);
    case Type::S8:
      return by_type<ToInteger<i8>>(from);
    case Type::U16:
      return by_type<ToInteger<u16>>(from);
    case Type::S16:
      return by_type<ToInteger<i16>>(from);
    case Type::U32:
      return by_type<ToInteger<u32>>(from);
    case Type::S32:
      return by_type<ToInteger<i32>>(from);
    case Type::U64:
      return by_type<ToInteger<u64>>(from);
    case Type::S64:
      return by_type<ToInteger<i64>>(from);
    default:
      return nullptr;
  }
}
Handler integer_to_float(Type to, Type from) {
  return to == Type::F64 ? by_type<ToFloat<double>>(from) : by_type<ToFloat<float>>(from);
}
Handler float_to_integer(Type to, Type from, u8 rounding) {
  if (from == Type::F64) return from_float<double>(to, rounding);
  if (from == Type::F32) return from_float<float>(to, rounding);
  return half_and_integer;
}

void half_and_integer(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) { is_float(i.ty2) ? half_to_integer(w, i, l) : integer_to_half(w, i, l); });
}

// a above b, both saturated to type ty; of bytes, c's lower half above both.
void integers_to_packed(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  const int bits = 8 * type_size(i.ty);
  const u32 keep = (1u << bits) - 1;
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    const u32 high = static_cast<u32>(clamp_to_type(static_cast<i32>(a[l]), i.ty)) & keep;
    const u32 low = static_cast<u32>(clamp_to_type(static_cast<i32>(b[l]), i.ty)) & keep;
    const u32 pair = high << bits | low;
    return bits == 8 ? c[l] << 16 | pair : pair;
  });
}

}  // namespace convoy::vgpu
