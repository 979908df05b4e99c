#include "tests/virtual_gpu/nccl/reduction.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace convoy::virtual_nccl {
namespace {
struct Bfloat16 {
  uint16_t bits;
  explicit operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

// An element type: what it is stored as, what it is added in, and the way between. Integers are added unsigned, which
// wraps where signed ones would overflow.
template <class Stored>
struct Element {
  using Sum = Stored;
  static Sum load(Stored x) { return x; }
  static Stored store(Sum x) { return x; }
};
template <>
struct Element<_Float16> {
  using Sum = float;
  static float load(_Float16 x) { return static_cast<float>(x); }
  static _Float16 store(float x) { return static_cast<_Float16>(x); }
};
template <>
struct Element<Bfloat16> {
  using Sum = float;
  static float load(Bfloat16 x) { return static_cast<float>(x); }
  static Bfloat16 store(float x) {
    const auto bits = std::bit_cast<uint32_t>(x);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    return {static_cast<uint16_t>((x != x ? bits | 0x400000 : rounded) >> 16)};
  }
};

template <class Sum>
Sum combine(ncclRedOp_t op, Sum a, Sum b) {
  if (op == ncclMax) return b > a || a != a ? b : a;
  if (op == ncclMin) return b < a || a != a ? b : a;
  if constexpr (std::is_integral_v<Sum>) {
    using Wide = std::conditional_t<(sizeof(Sum) > 4), uint64_t, uint32_t>;  // no promotion to a signed type
    return static_cast<Sum>(op == ncclProd ? Wide(a) * Wide(b) : Wide(a) + Wide(b));
  } else {
    return op == ncclProd ? a * b : a + b;
  }
}

template <ncclRedOp_t op, class Stored>
void reduce_typed(const std::vector<const std::byte*>& parts, size_t elements, std::byte* output) {
  using Sum = typename Element<Stored>::Sum;
  constexpr size_t kBlock = 512;
  Stored loaded[kBlock];
  Sum sums[kBlock];
  for (size_t begin = 0; begin < elements; begin += kBlock) {
    const size_t n = std::min(kBlock, elements - begin);
    for (size_t p = 0; p < parts.size(); ++p) {
      memcpy(loaded, parts[p] + begin * sizeof(Stored), n * sizeof(Stored));
      for (size_t i = 0; i < n; ++i) {
        const Sum x = Element<Stored>::load(loaded[i]);
        sums[i] = p ? combine(op, sums[i], x) : x;
      }
    }
    if (op == ncclAvg)
      for (size_t i = 0; i < n; ++i) sums[i] = static_cast<Sum>(sums[i] / static_cast<Sum>(parts.size()));
    for (size_t i = 0; i < n; ++i) loaded[i] = Element<Stored>::store(sums[i]);
    memcpy(output + begin * sizeof(Stored), loaded, n * sizeof(Stored));
  }
}

template <class Visitor>
void with_type(ncclDataType_t type, Visitor visit) {
  switch (type) {
    case ncclInt8:
      return visit(int8_t{});
    case ncclUint8:
      return visit(uint8_t{});
    case ncclInt32:
      return visit(int32_t{});
    case ncclUint32:
      return visit(uint32_t{});
    case ncclInt64:
      return visit(int64_t{});
    case ncclUint64:
      return visit(uint64_t{});
    case ncclFloat16:
      return visit(_Float16{});
    case ncclFloat32:
      return visit(float{});
    case ncclFloat64:
      return visit(double{});
    case ncclBfloat16:
      return visit(Bfloat16{});
    default:
      return;  // refused when the request was made
  }
}
}  // namespace

void reduce_parts(ncclDataType_t type, ncclRedOp_t op, const std::vector<const std::byte*>& parts, size_t elements,
                  std::byte* output) {
  with_type(type, [&]<class Stored>(Stored) {
    switch (op) {
      case ncclSum:
        return reduce_typed<ncclSum, Stored>(parts, elements, output);
      case ncclProd:
        return reduce_typed<ncclProd, Stored>(parts, elements, output);
      case ncclMax:
        return reduce_typed<ncclMax, Stored>(parts, elements, output);
      case ncclMin:
        return reduce_typed<ncclMin, Stored>(parts, elements, output);
      case ncclAvg:
        return reduce_typed<ncclAvg, Stored>(parts, elements, output);
      default:
        return;
    }
  });
}

void multiply(ncclDataType_t type, const void* scalar, size_t elements, std::byte* data) {
  with_type(type, [&]<class Stored>(Stored scale) {
    memcpy(&scale, scalar, sizeof scale);
    const auto factor = Element<Stored>::load(scale);
    for (size_t i = 0; i < elements; ++i) {
      Stored x;
      memcpy(&x, data + i * sizeof x, sizeof x);
      x = Element<Stored>::store(combine(ncclProd, Element<Stored>::load(x), factor));
      memcpy(data + i * sizeof x, &x, sizeof x);
    }
  });
}
}  // namespace convoy::virtual_nccl
