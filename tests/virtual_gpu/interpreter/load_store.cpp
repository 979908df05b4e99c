// ld and st.
#include <cstring>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
namespace {
// A load that may be polling counts so much towards giving other warps a turn.
constexpr u64 kSpinsPerVolatileLoad = 64;

// Whether the lanes' addresses are those of one array in order: then one copy does.
template <class T>
bool is_contiguous(u32 mask, const u64* pointers) {
  if (mask != ~0u) return false;
  bool contiguous = true;
  for (int l = 0; l < kLanes; ++l) contiguous &= pointers[l] == pointers[0] + static_cast<u64>(l) * sizeof(T);
  return contiguous;
}

// T: the element in memory, signed types extend their sign. Lane: i32, u32, i64 or u64.
template <class T, class Lane>
void load(Warp& warp, const Inst& inst, u32 mask) {
  using Stored = typename LaneStorage<Lane>::type;
  alignas(64) u64 pointers[kLanes];
  resolve(warp, inst, mask, {.bytes = inst.vec * static_cast<u32>(sizeof(T)), .atomic = inst.f1}, pointers);
  if (inst.f1) warp.spins += kSpinsPerVolatileLoad;
  const auto element = [&](int l, int k) {
    return static_cast<Stored>(static_cast<Lane>(reinterpret_cast<const T*>(pointers[l])[k]));
  };
  if (inst.vec > 1) {
    for (int k = 0; k < inst.vec; ++k)
      each_lane(reg<Stored>(warp, inst.v[k]), mask, [&](int l) { return element(l, k); });
    return;
  }
  Stored* to = reg<Stored>(warp, inst.d);
  if constexpr (sizeof(T) == sizeof(Stored))
    if (is_contiguous<T>(mask, pointers)) {
      memcpy(to, reinterpret_cast<const void*>(pointers[0]), kLanes * sizeof(T));
      return;
    }
  each_lane(to, mask, [&](int l) { return element(l, 0); });
}

// A kernel parameter at a fixed offset, the same for all lanes.
void load_parameter(Warp& warp, const Inst& inst, u32 mask) {
  const u8* from = warp.blk->cfg->params.data() + inst.imm;
  for (int k = 0; k < inst.vec; ++k, from += inst.size) {
    const Operand& to = inst.vec == 1 ? inst.d : inst.v[k];
    u64 value = 0;
    memcpy(&value, from, inst.size);
    if (is_signed(inst.ty) && inst.size < 8) {
      const int unused_bits = 64 - 8 * inst.size;
      value = static_cast<u64>(static_cast<i64>(value << unused_bits) >> unused_bits);
    }
    if (inst.sub == 8)
      each_lane(reg<u64>(warp, to), mask, [&](int) { return value; });
    else
      each_lane(reg<u32>(warp, to), mask, [&](int) { return static_cast<u32>(value); });
  }
}

// Race detection wants to know what is written, so the values are gathered first.
template <class T, class Lane>
void store_gathered(Warp& warp, const Inst& inst, u32 mask) {
  alignas(64) u64 pointers[kLanes];
  alignas(32) u8 data[kLanes][32];
  for (int k = 0; k < inst.vec; ++k) {
    const Lane* from = reg<Lane>(warp, inst.vec == 1 ? inst.d : inst.v[k]);
    for (int l = 0; l < kLanes; ++l) {
      const T value = static_cast<T>(from[l]);
      memcpy(data[l] + static_cast<size_t>(k) * sizeof(T), &value, sizeof(T));
    }
  }
  const u32 bytes = inst.vec * static_cast<u32>(sizeof(T));
  resolve(warp, inst, mask, {.bytes = bytes, .write = true, .atomic = inst.f1, .new_data = data}, pointers);
  for_lanes(mask, [&](int l) { memcpy(reinterpret_cast<void*>(pointers[l]), data[l], bytes); });
}

template <class T, class Lane>
void store(Warp& warp, const Inst& inst, u32 mask) {
  if (warp.blk->race && (inst.space == Space::Shared || inst.space == Space::Generic))
    return store_gathered<T, Lane>(warp, inst, mask);
  alignas(64) u64 pointers[kLanes];
  const u32 bytes = inst.vec * static_cast<u32>(sizeof(T));
  resolve(warp, inst, mask, {.bytes = bytes, .write = true, .atomic = inst.f1}, pointers);
  if constexpr (sizeof(T) == sizeof(Lane))
    if (inst.vec == 1 && is_contiguous<T>(mask, pointers)) {
      memcpy(reinterpret_cast<void*>(pointers[0]), reg<Lane>(warp, inst.d), kLanes * sizeof(T));
      return;
    }
  for (int k = 0; k < inst.vec; ++k) {
    const Lane* from = reg<Lane>(warp, inst.vec == 1 ? inst.d : inst.v[k]);
    for_lanes(mask, [&](int l) { reinterpret_cast<T*>(pointers[l])[k] = static_cast<T>(from[l]); });
  }
}

template <class SignedLane, class UnsignedLane>
Handler load_handler(Type type) {
  const bool sign = is_signed(type);
  switch (type_size(type)) {
    case 1:
      return sign ? load<i8, SignedLane> : load<u8, UnsignedLane>;
    case 2:
      return sign ? load<i16, SignedLane> : load<u16, UnsignedLane>;
    case 4:
      return sign ? load<i32, SignedLane> : load<u32, UnsignedLane>;
    default:
      return sign ? load<u64, SignedLane> : load<u64, UnsignedLane>;
  }
}

template <class Lane>
Handler store_handler(Type type) {
  switch (type_size(type)) {
    case 1:
      return store<u8, Lane>;
    case 2:
      return store<u16, Lane>;
    case 4:
      return store<u32, Lane>;
    default:
      return store<u64, Lane>;
  }
}

u32 count_class(Space space, u32 shared, u32 global) {
  if (space == Space::Shared) return shared;
  return space == Space::Global || space == Space::Generic ? global : static_cast<u32>(kLocal);
}

void decode_access(InstDecoder& d) {  // what ld and st share
  Inst& inst = d.i;
  inst.space = space_modifier(d);
  inst.f1 = ordering_modifiers(d);
  inst.vec = vector_modifier(d);
  inst.ty = d.type();
  inst.size = static_cast<u8>(type_size(inst.ty));
  if (inst.ty == Type::B128) d.bad("128-bit registers");
  if (inst.vec * inst.size > 32) d.bad("vector too wide");
}

// The width of a vector's registers; one made only of sinks (_) has its element's.
u8 vector_register_width(InstDecoder& d, const ParsedOperand& vector, u8 otherwise) {
  u8 width = otherwise;
  for (const ParsedOperand& element : vector.v)
    if (element.kind == ParsedOperand::Reg) {
      d.any(element, width);
      break;
    }
  return width;
}

void decode_load(InstDecoder& d) {
  Inst& inst = d.i;
  decode_access(d);
  d.address(1, inst.space);
  const ParsedOperand& to = d.r.ops.at(0);
  u8 width = 0;
  if (inst.vec > 1) {
    inst.v = d.vec(to, Type::None, true, inst.vec);
    width = vector_register_width(d, to, inst.size < 8 ? 4 : 8);
  } else {
    inst.d = d.any(to, width);
  }
  const bool fixed_parameter = inst.space == Space::Param && inst.wide == 0;
  if (fixed_parameter) {
    inst.fn = load_parameter;
    inst.sub = width;
    return;
  }
  if (width == 4 && inst.size == 8) d.bad("64-bit load into a 32-bit register");
  inst.fn = width == 8 ? load_handler<i64, u64>(inst.ty) : load_handler<i32, u32>(inst.ty);
  inst.cls = count_class(inst.space, kLdShared, kLdGlobal);
}

void decode_store(InstDecoder& d) {
  Inst& inst = d.i;
  decode_access(d);
  d.address(0, inst.space);
  if (inst.space == Space::Param && inst.wide == 0) d.bad("store to a kernel parameter");
  const ParsedOperand& from = d.r.ops.at(1);
  u8 width = inst.size == 8 ? 8 : 4;
  if (inst.vec > 1) {
    inst.v = d.vec(from, Type::None, false, inst.vec);
    width = vector_register_width(d, from, width);
  } else if (from.kind == ParsedOperand::Reg) {
    inst.d = d.any(from, width);
  } else {
    inst.d = d.src(1, inst.ty);
  }
  if (width == 4 && inst.size == 8) d.bad("64-bit store of a 32-bit register");
  inst.fn = width == 8 ? store_handler<u64>(inst.ty) : store_handler<u32>(inst.ty);
  inst.cls = count_class(inst.space, kStShared, kStGlobal);
}

PTX_OP("ld", decode_load);
PTX_OP("ldu", decode_load);
PTX_OP("st", decode_store);
}  // namespace
}  // namespace convoy::vgpu
