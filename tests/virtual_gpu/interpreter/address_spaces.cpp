// The address operand of ld, st, atom and red: which memory it means, and whether that may be accessed there.
#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
namespace {
alignas(64) thread_local u8 scratch[64];  // what lanes that are not active may read

void gather_addresses(Warp& warp, const Inst& inst, u64* addresses) {
  if (inst.wide == 8) {
    const u64* base = reg<u64>(warp, inst.a);
    for (int l = 0; l < kLanes; ++l) addresses[l] = base[l] + static_cast<u64>(inst.imm);
  } else {
    const u32* base = reg<u32>(warp, inst.a);
    for (int l = 0; l < kLanes; ++l) addresses[l] = static_cast<u32>(base[l] + inst.imm);
  }
}

u64 resolve_local(const Warp& warp, int lane, u64 offset, u32 bytes) {
  if (offset & (bytes - 1)) fault(kMisalignedAddress, "misaligned local address " + hex(offset), lane);
  if (offset + bytes > warp.local_stride)
    fault(kIllegalAddress,
          "local address " + hex(offset) + " is outside the thread's " + std::to_string(warp.local_stride) + " bytes",
          lane);
  return reinterpret_cast<u64>(warp.local + static_cast<u64>(lane) * warp.local_stride + offset);
}

u64 resolve_parameter(const Warp& warp, int lane, u64 offset, const Access& access) {
  const auto& parameters = warp.blk->cfg->params;
  if (access.write || offset + access.bytes > parameters.size())
    fault(kIllegalAddress, "parameter offset " + hex(offset) + " is out of range", lane);
  return reinterpret_cast<u64>(parameters.data() + offset);
}

u32 clamp_to_u32(u64 x) { return static_cast<u32>(std::min<u64>(x, ~0u)); }

void set_idle_lanes(u32 mask, u64* pointers) {
  for (int l = 0; l < kLanes; ++l)
    if (!(mask >> l & 1)) pointers[l] = reinterpret_cast<u64>(scratch);
}

void resolve_shared(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* pointers) {
  Block& block = *warp.blk;
  u32 offsets[kLanes];
  for (int l = 0; l < kLanes; ++l) offsets[l] = clamp_to_u32(pointers[l]);
  if (block.prof) count_shared(warp, mask, offsets, access.bytes);
  check_shared_lanes(warp, mask, offsets, access.bytes);
  u8* base = block.shared.data() - kSharedBase;
  if (block.race)
    for_lanes(mask, [&](int l) {
      const u8* new_data = access.new_data ? access.new_data[l] : nullptr;
      race_access(warp, inst, l, offsets[l], access.bytes, access.write, access.atomic, new_data);
      // Written at once: lanes of one store that disagree about a cell must see each other's values.
      if (access.write && new_data) memcpy(base + offsets[l], new_data, access.bytes);
    });
  for (int l = 0; l < kLanes; ++l) pointers[l] = reinterpret_cast<u64>(mask >> l & 1 ? base + offsets[l] : scratch);
}

void resolve_global_space(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* addresses) {
  Block& block = *warp.blk;
  if (block.prof && (inst.cls & kAsync)) {
    block.prof->async_bytes += static_cast<u64>(__builtin_popcount(mask)) * access.bytes;
    block.prof->async_sectors += count_sectors(mask, addresses, access.bytes);
    ++(access.bytes >= 16 ? block.prof->vec128 : block.prof->narrow);
  } else if (block.prof && inst.space != Space::Const) {
    count_global(warp, mask, addresses, access);
  }
  if (block.race_global) race_global(warp, mask, addresses, access);
  resolve_global(warp, inst, mask, access, addresses);
}

// A generic address of one lane, where lanes mean different spaces or local memory.
u64 resolve_generic_lane(Warp& warp, const Inst& inst, int lane, u64 address, const Access& access) {
  const u64 offset = address & ~kWinMask;
  switch (address & kWinMask) {
    case 0:
      return resolve_global_lane(address, access.bytes, access.bytes, lane, access.write ? "write" : "read");
    case kLocalWin:
      return resolve_local(warp, lane, offset, access.bytes);
    case kSharedWin:
      check_shared(warp, lane, clamp_to_u32(offset), access.bytes);
      race_access(warp, inst, lane, static_cast<u32>(offset), access.bytes, access.write, access.atomic,
                  access.new_data ? access.new_data[lane] : nullptr);
      return reinterpret_cast<u64>(warp.blk->shared.data() + offset - kSharedBase);
    case kParamWin:
      return resolve_parameter(warp, lane, offset, access);
    default:
      fault(kIllegalAddress, "address " + hex(address) + " is in no address space", lane);
  }
}

void resolve_generic(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* addresses) {
  const u64 window = addresses[__builtin_ctz(mask)] & kWinMask;
  bool mixed = false;
  for_lanes(mask, [&](int l) { mixed |= (addresses[l] & kWinMask) != window; });
  if (!mixed && !window) return resolve_global_space(warp, inst, mask, access, addresses);
  if (!mixed && window == kSharedWin) {
    for (int l = 0; l < kLanes; ++l) addresses[l] &= ~kWinMask;
    return resolve_shared(warp, inst, mask, access, addresses);
  }
  for_lanes(mask, [&](int l) { addresses[l] = resolve_generic_lane(warp, inst, l, addresses[l], access); });
  set_idle_lanes(mask, addresses);
}
}  // namespace

void resolve(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* pointers) {
  gather_addresses(warp, inst, pointers);
  switch (inst.space) {
    case Space::Generic:
      return resolve_generic(warp, inst, mask, access, pointers);
    case Space::Global:
    case Space::Const:
      return resolve_global_space(warp, inst, mask, access, pointers);
    case Space::Shared:
      return resolve_shared(warp, inst, mask, access, pointers);
    case Space::Local:
      if (warp.blk->prof) ++warp.blk->prof->local_req;
      for_lanes(mask, [&](int l) { pointers[l] = resolve_local(warp, l, pointers[l], access.bytes); });
      return set_idle_lanes(mask, pointers);
    default:
      for_lanes(mask, [&](int l) { pointers[l] = resolve_parameter(warp, l, pointers[l], access); });
      return set_idle_lanes(mask, pointers);
  }
}
}  // namespace convoy::vgpu
