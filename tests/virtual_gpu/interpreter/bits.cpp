// popc, clz, bfind, brev, bfe, bfi, bmsk, szext, prmt.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lane_functions.h"

namespace convoy::vgpu {
namespace {

template <class T>
constexpr u32 bits_of() {
  return 8 * sizeof(T);
}
template <class T>
u64 unsigned_value(T a) {
  return static_cast<std::make_unsigned_t<T>>(a);
}

struct Popc {
  template <class T>
  static u32 f(T a) {
    return __builtin_popcountll(unsigned_value(a));
  }
};
struct Clz {
  template <class T>
  static u32 f(T a) {
    const u64 x = unsigned_value(a);
    return x ? __builtin_clzll(x) - (64 - bits_of<T>()) : bits_of<T>();
  }
};
struct Bfind {  // the highest bit that differs from the sign; all ones when there is none
  template <class T>
  static u32 f(T a) {
    const u64 x = unsigned_value(static_cast<T>(std::is_signed_v<T> && a < 0 ? ~a : a));
    return x ? 63 - __builtin_clzll(x) : ~0u;
  }
};
struct BfindShiftAmount {
  template <class T>
  static u32 f(T a) {
    const u32 bit = Bfind::f(a);
    return bit == ~0u ? bit : bits_of<T>() - 1 - bit;
  }
};
struct Brev {
  template <class T>
  static T f(T a) {
    const u64 x = unsigned_value(a);
    u64 reversed = 0;
    for (u32 k = 0; k < bits_of<T>(); ++k) reversed |= (x >> k & 1) << (bits_of<T>() - 1 - k);
    return static_cast<T>(reversed);
  }
};

template <class Op>
void decode_to_u32(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, Type::U32);
  d.i.a = d.src(1, t);
  d.i.fn = by_integer_type<ToU32<Op>>(t);
}
void decode_bfind(InstDecoder& d) {
  if (d.has("shiftamt")) return decode_to_u32<BfindShiftAmount>(d);
  decode_to_u32<Bfind>(d);
}
void decode_brev(InstDecoder& d) {
  const Type t = d.type();
  d.operands(t, 1);
  d.i.fn = by_integer_type<Unary<Brev>>(t);
}

// ---- bit fields: c (bfe: b) is the position, e (bfe: c) the length, of which the low byte counts ----
template <class T>
T extract(T a, u32 position, u32 length) {
  using U = std::make_unsigned_t<T>;
  constexpr u32 kBits = bits_of<T>();
  if (!length) return 0;
  const U x = static_cast<U>(a);
  const bool negative = std::is_signed_v<T> && (x >> std::min(position + length - 1, kBits - 1) & 1);
  const u32 present = position >= kBits ? 0 : std::min(length, kBits - position);
  U value = position >= kBits ? 0 : x >> position;
  if (present < kBits) {
    const U keep = (static_cast<U>(1) << present) - 1;
    value = (value & keep) | (negative ? ~keep : 0);
  }
  return static_cast<T>(value);
}
template <class T>
void bfe(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<T>::type;
  const S* a = reg<S>(w, i.a);
  const u32 *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(reg<S>(w, i.d), m,
            [&](int l) { return static_cast<S>(extract<T>(static_cast<T>(a[l]), b[l] & 255, c[l] & 255)); });
}
template <class T>
void bfi(Warp& w, const Inst& i, u32 m) {  // a goes into b
  const T *a = reg<T>(w, i.a), *b = reg<T>(w, i.b);
  const u32 *c = reg<u32>(w, i.c), *e = reg<u32>(w, i.e);
  each_lane(reg<T>(w, i.d), m, [&](int l) {
    const u32 position = c[l] & 255, length = e[l] & 255;
    if (position >= bits_of<T>() || !length) return b[l];
    const T ones = length >= bits_of<T>() ? ~static_cast<T>(0) : (static_cast<T>(1) << length) - 1;
    const T field = ones << position;
    return static_cast<T>((b[l] & ~field) | ((a[l] << position) & field));
  });
}
void decode_bfe(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, Type::U32);
  d.i.c = d.src(3, Type::U32);
  if (type_size(t) == 8)
    d.i.fn = is_signed(t) ? bfe<i64> : bfe<u64>;
  else
    d.i.fn = is_signed(t) ? bfe<i32> : bfe<u32>;
}
void decode_bfi(InstDecoder& d) {
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.i.b = d.src(2, t);
  d.i.c = d.src(3, Type::U32);
  d.i.e = d.src(4, Type::U32);
  d.i.fn = type_size(t) == 8 ? bfi<u64> : bfi<u32>;
}

// ---- f1: .clamp, positions and lengths saturate at 32; else they wrap ----
u32 limited(u32 value, bool clamps) { return clamps ? std::min(value, 32u) : value & 31; }

void bmsk(Warp& w, const Inst& i, u32 m) {  // b ones from position a
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    const u64 ones = (1ull << limited(b[l], i.f1)) - 1;
    return static_cast<u32>(ones << limited(a[l], i.f1));
  });
}
template <class T>
void szext(Warp& w, const Inst& i, u32 m) {  // the low b bits of a, extended
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b);
  each_lane(reg<u32>(w, i.d), m,
            [&](int l) { return static_cast<u32>(extract<T>(static_cast<T>(a[l]), 0, limited(b[l], i.f1))); });
}
void decode_mask_width(InstDecoder& d, bool extends) {
  const std::string mode = d.one_of({"clamp", "wrap"});
  if (mode.empty()) d.bad("form");
  d.i.f1 = mode == "clamp";
  const Type t = d.type();
  d.operands(t, 2);
  d.i.fn = !extends ? bmsk : is_signed(t) ? szext<i32> : szext<u32>;
}
void decode_bmsk(InstDecoder& d) { decode_mask_width(d, false); }
void decode_szext(InstDecoder& d) { decode_mask_width(d, true); }

// ---- prmt: bytes of a and b chosen by c ----
enum Permutation : u8 { kByNibbles, kF4e, kB4e, kRc8, kEcl, kEcr, kRc16 };

u32 chosen_byte(u64 bytes, u32 number) { return static_cast<u32>(bytes >> (8 * (number & 7))) & 255; }

u32 permuted_byte(u8 mode, u64 bytes, u32 selector, u32 n) {
  const u32 k = selector & 3;
  switch (mode) {
    case kByNibbles: {
      const u32 nibble = selector >> (4 * n) & 15, value = chosen_byte(bytes, nibble);
      if (!(nibble & 8)) return value;
      return value & 128 ? 255 : 0;  // the sign, over the whole byte
    }
    case kF4e:
      return chosen_byte(bytes, k + n);
    case kB4e:
      return chosen_byte(bytes, k - n);
    case kRc8:
      return chosen_byte(bytes, k);
    case kEcl:
      return chosen_byte(bytes, std::max(n, k));
    case kEcr:
      return chosen_byte(bytes, std::min(n, k));
    default:
      return chosen_byte(bytes, (k & 1) * 2 + (n & 1));
  }
}
void prmt(Warp& w, const Inst& i, u32 m) {
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  each_lane(reg<u32>(w, i.d), m, [&](int l) {
    const u64 bytes = a[l] | static_cast<u64>(b[l]) << 32;
    u32 result = 0;
    for (u32 n = 0; n < 4; ++n) result |= permuted_byte(i.sub, bytes, c[l], n) << (8 * n);
    return result;
  });
}
void decode_prmt(InstDecoder& d) {
  const Type t = d.type();
  d.i.sub = static_cast<u8>(d.index_of({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"}) + 1);
  d.operands(t, 3);
  d.i.fn = prmt;
}

PTX_OP("popc", decode_to_u32<Popc>);
PTX_OP("clz", decode_to_u32<Clz>);
PTX_OP("bfind", decode_bfind);
PTX_OP("brev", decode_brev);
PTX_OP("bfe", decode_bfe);
PTX_OP("bfi", decode_bfi);
PTX_OP("bmsk", decode_bmsk);
PTX_OP("szext", decode_szext);
PTX_OP("prmt", decode_prmt);

}  // namespace
}  // namespace convoy::vgpu
