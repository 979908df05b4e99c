// atom and red: real atomic operations of the host, so that blocks may run on several threads; lane after lane.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
namespace {
enum AtomicOp : u8 { kAdd, kExchange, kCompareAndSwap, kMin, kMax, kIncrement, kDecrement, kAnd, kOr, kXor };
constexpr const char* kNames[] = {"add", "exch", "cas", "min", "max", "inc", "dec", "and", "or", "xor"};

template <class T>
T apply(AtomicOp op, T old, T operand) {
  switch (op) {
    case kAdd:
      return static_cast<T>(old + operand);
    case kExchange:
      return operand;
    case kMin:
      return old < operand ? old : operand;
    case kMax:
      return old > operand ? old : operand;
    case kIncrement:
      return old >= operand ? T{0} : static_cast<T>(old + 1);
    case kDecrement:
      return old == 0 || old > operand ? operand : static_cast<T>(old - 1);
    default:
      if constexpr (std::is_integral_v<T>) {
        if (op == kAnd) return old & operand;
        if (op == kOr) return old | operand;
        return old ^ operand;
      }
      return old;
  }
}

template <class Half>
u32 add_halves(u32 a, u32 b, int count) {
  u32 sums = 0;
  for (int shift = 0; shift < 16 * count; shift += 16) {
    const float sum = to_float(Half{static_cast<u16>(a >> shift)}) + to_float(Half{static_cast<u16>(b >> shift)});
    if constexpr (std::is_same_v<Half, half_t>)
      sums |= static_cast<u32>(to_half(sum).b) << shift;
    else
      sums |= static_cast<u32>(to_bf16(sum).b) << shift;
  }
  return sums;
}

// Replaces the value there by change(value); returns the old one.
template <class Bits, class Change>
Bits read_modify_write(u64 pointer, Change change) {
  Bits* p = reinterpret_cast<Bits*>(pointer);
  Bits old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(p, &old, change(old), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
  }
  return old;
}

void resolve_atomic(Warp& warp, const Inst& inst, u32 mask, u32 bytes, u64* pointers) {
  resolve(warp, inst, mask, {.bytes = bytes, .write = true, .atomic = true}, pointers);
}

// T: what is computed with; Bits: unsigned, of the same size.
template <class T, class Bits>
void atomic(Warp& warp, const Inst& inst, u32 mask) {
  using Lane = typename LaneStorage<T>::type;
  alignas(64) u64 pointers[kLanes];
  resolve_atomic(warp, inst, mask, sizeof(T), pointers);
  const Lane* operands = reg<Lane>(warp, inst.b);
  Lane* result = inst.f2 ? reg<Lane>(warp, inst.d) : nullptr;
  for_lanes(mask, [&](int l) {
    const T operand = read_lane<T>(operands[l]);
    const Bits old = read_modify_write<Bits>(pointers[l], [&](Bits bits) {
      T value;
      memcpy(&value, &bits, sizeof value);
      value = apply<T>(static_cast<AtomicOp>(inst.sub), value, operand);
      memcpy(&bits, &value, sizeof value);
      return bits;
    });
    if (result) result[l] = static_cast<Lane>(old);
  });
}

template <class Bits>
void compare_and_swap(Warp& warp, const Inst& inst, u32 mask) {
  using Lane = typename LaneStorage<Bits>::type;
  alignas(64) u64 pointers[kLanes];
  resolve_atomic(warp, inst, mask, sizeof(Bits), pointers);
  const Lane *wanted = reg<Lane>(warp, inst.b), *put = reg<Lane>(warp, inst.c);
  Lane* result = inst.f2 ? reg<Lane>(warp, inst.d) : nullptr;
  for_lanes(mask, [&](int l) {
    const Bits old = read_modify_write<Bits>(pointers[l], [&](Bits bits) {
      return bits == static_cast<Bits>(wanted[l]) ? static_cast<Bits>(put[l]) : bits;
    });
    if (result) result[l] = static_cast<Lane>(old);
  });
}

template <class Half, class Bits>
void atomic_add_halves(Warp& warp, const Inst& inst, u32 mask) {
  alignas(64) u64 pointers[kLanes];
  resolve_atomic(warp, inst, mask, sizeof(Bits), pointers);
  const u32* operands = reg<u32>(warp, inst.b);
  u32* result = inst.f2 ? reg<u32>(warp, inst.d) : nullptr;
  for_lanes(mask, [&](int l) {
    const Bits old = read_modify_write<Bits>(pointers[l], [&](Bits bits) {
      return static_cast<Bits>(add_halves<Half>(bits, operands[l], sizeof(Bits) / 2));
    });
    if (result) result[l] = old;
  });
}

// red.v2 and .v4: element by element, f32 or pairs of halves.
template <class T>
void reduce_vector(Warp& warp, const Inst& inst, u32 mask) {
  alignas(64) u64 pointers[kLanes];
  resolve_atomic(warp, inst, mask, 4u * inst.vec, pointers);
  for (int k = 0; k < inst.vec; ++k) {
    const u32* operands = reg<u32>(warp, inst.v[k]);
    for_lanes(mask, [&](int l) {
      read_modify_write<u32>(pointers[l] + 4u * static_cast<u32>(k), [&](u32 old) {
        if constexpr (std::is_same_v<T, float>)
          return float_to_bits(bits_to_float(old) + bits_to_float(operands[l]));
        else
          return add_halves<T>(old, operands[l], 2);
      });
    });
  }
}

Handler vector_handler(Type type) {
  switch (type) {
    case Type::F32:
      return reduce_vector<float>;
    case Type::F16X2:
      return reduce_vector<half_t>;
    case Type::BF16X2:
      return reduce_vector<bf16_t>;
    default:
      return nullptr;
  }
}

Handler integer_handler(Type type, AtomicOp op) {
  const bool swap = op == kCompareAndSwap;
  switch (type) {
    case Type::U32:
    case Type::B32:
      return swap ? compare_and_swap<u32> : atomic<u32, u32>;
    case Type::S32:
      return swap ? compare_and_swap<u32> : atomic<i32, u32>;
    case Type::U64:
    case Type::B64:
      return swap ? compare_and_swap<u64> : atomic<u64, u64>;
    case Type::S64:
      return swap ? compare_and_swap<u64> : atomic<i64, u64>;
    case Type::B16:
    case Type::U16:
      return swap ? compare_and_swap<u16> : atomic<u16, u16>;
    default:
      return nullptr;
  }
}

Handler float_handler(Type type, AtomicOp op) {
  const bool add = op == kAdd, add_or_exchange = add || op == kExchange;
  switch (type) {
    case Type::F32:
      return add_or_exchange ? atomic<float, u32> : nullptr;
    case Type::F64:
      return add_or_exchange ? atomic<double, u64> : nullptr;
    case Type::F16:
      return add ? atomic_add_halves<half_t, u16> : nullptr;
    case Type::F16X2:
      return add ? atomic_add_halves<half_t, u32> : nullptr;
    case Type::BF16:
      return add ? atomic_add_halves<bf16_t, u16> : nullptr;
    case Type::BF16X2:
      return add ? atomic_add_halves<bf16_t, u32> : nullptr;
    default:
      return nullptr;
  }
}

AtomicOp operation(InstDecoder& d) {
  const auto name = std::find_if(std::begin(kNames), std::end(kNames), [&](const char* n) { return d.has(n); });
  if (name == std::end(kNames)) d.bad("atomic operation");
  return static_cast<AtomicOp>(name - std::begin(kNames));
}

void decode_atomic(InstDecoder& d, bool returns_old) {
  Inst& inst = d.i;
  inst.space = space_modifier(d);
  ordering_modifiers(d);
  d.has("noftz");
  inst.vec = vector_modifier(d);
  inst.f2 = returns_old;
  const AtomicOp op = operation(d);
  inst.sub = op;
  inst.ty = d.type();
  inst.size = static_cast<u8>(type_size(inst.ty));
  inst.cls = kAtomic;
  const int address = returns_old ? 1 : 0;
  d.address(address, inst.space);
  if (inst.vec > 1) {
    if (returns_old || op != kAdd) d.bad("vector atomic");
    inst.v = d.vec(d.r.ops.at(static_cast<size_t>(address) + 1), Type::B32, false, inst.vec);
    inst.fn = vector_handler(inst.ty);
  } else {
    if (returns_old) inst.d = d.dst(0, inst.ty);
    inst.b = d.src(address + 1, inst.ty);
    if (op == kCompareAndSwap) inst.c = d.src(address + 2, inst.ty);
    inst.fn = integer_handler(inst.ty, op);
    if (!inst.fn) inst.fn = float_handler(inst.ty, op);
  }
  if (!inst.fn) d.bad("atomic operation on this type");
}
void decode_atom(InstDecoder& d) { decode_atomic(d, true); }
void decode_red(InstDecoder& d) { decode_atomic(d, false); }

PTX_OP("atom", decode_atom);
PTX_OP("red", decode_red);
}  // namespace
}  // namespace convoy::vgpu
