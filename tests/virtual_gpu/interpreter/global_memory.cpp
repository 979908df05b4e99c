// Global memory: every address is checked against the live allocations.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/memory.h"
#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {
namespace {
[[noreturn]] void bad_address(u64 address, u32 bytes, int lane, const char* what) {
  fault(kIllegalAddress,
        std::string(what) + " of " + std::to_string(bytes) + " bytes at " + hex(address) + ": " +
            DeviceMemory::get().describe(address, bytes),
        lane);
}

void check_alignment(u64 address, u32 bytes, int lane) {
  if (address & (bytes - 1))
    fault(kMisalignedAddress, "misaligned address " + hex(address) + " for a " + std::to_string(bytes) + "-byte access",
          lane);
}

MemoryRange live_range(u64 address, u32 bytes, int lane, const char* what) {
  const auto range = DeviceMemory::get().range_at(address);
  if (!range || address + bytes > range->end) bad_address(address, bytes, lane, what);
  return *range;
}

// Who touched a word last, in 64 bits: launch 24, block 24, thread 12, flags 4. 0: nobody.
struct Mark {
  static constexpr u64 kAtomic = 1, kSet = 2;
  u64 bits;
  Mark(const Block& block, u32 thread, bool atomic)
      : bits((block.cfg->grid_id & 0xffffff) << 40 | (block.linear & 0xffffff) << 16 | u64{thread} << 4 | kSet |
             (atomic ? kAtomic : 0)) {}
  explicit Mark(u64 stored) : bits(stored) {}
  u64 launch() const { return bits >> 40; }
  u64 block() const { return bits >> 16 & 0xffffff; }
  u64 thread() const { return bits >> 4 & 0xfff; }
  bool races_with(const Mark& other) const {
    return bits && launch() == other.launch() && block() != other.block() && !(bits & other.bits & kAtomic);
  }
};
}  // namespace

void resolve_global(Warp& warp, const Inst& inst, u32 mask, const Access& access, u64* addresses) {
  AccessCache& cache = warp.blk->cache[inst.idx];
  const u32 bytes = access.bytes;
  const u64 first = addresses[__builtin_ctz(mask)];
  if (mask != ~0u)
    for (int l = 0; l < kLanes; ++l) addresses[l] = mask >> l & 1 ? addresses[l] : first;
  u64 lowest = ~0ull, highest = 0, any_bit = 0;
  for (int l = 0; l < kLanes; ++l) {
    lowest = std::min(lowest, addresses[l]);
    highest = std::max(highest, addresses[l]);
    any_bit |= addresses[l];
  }
  if (any_bit & (bytes - 1)) for_lanes(mask, [&](int l) { check_alignment(addresses[l], bytes, l); });
  if (lowest >= cache.lo && highest + bytes <= cache.hi) {
    const i64 delta = cache.delta;
    for (int l = 0; l < kLanes; ++l) addresses[l] += static_cast<u64>(delta);
    return;
  }
  for (int l = 0; l < kLanes; ++l) {
    if (addresses[l] < cache.lo || addresses[l] + bytes > cache.hi) {
      const MemoryRange range = live_range(addresses[l], bytes, l, access.write ? "write" : "read");
      cache = {range.begin, range.end, range.to_host};
    }
    addresses[l] += static_cast<u64>(cache.delta);
  }
}

u64 resolve_global_lane(u64 address, u32 aligned_to, u32 bytes, int lane, const char* what) {
  check_alignment(address, aligned_to, lane);
  return address + static_cast<u64>(live_range(address, bytes, lane, what).to_host);
}

void race_global(const Warp& warp, u32 mask, const u64* addresses, const Access& access) {
  const Block& block = *warp.blk;
  for_lanes(mask, [&](int l) {
    if (!DeviceMemory::contains(addresses[l]) || access.bytes < 4) return;
    u64* shadow = DeviceMemory::get().race_shadow(addresses[l]);  // last write, last read
    const Mark me(block, warp.id * kLanes + static_cast<u32>(l), access.atomic);
    for (u32 k = 0; k < access.bytes; k += 4, shadow += 2) {
      const Mark write(shadow[0]), read(shadow[1]);
      const bool write_races = write.races_with(me);
      if (write_races || (access.write && read.races_with(me))) {
        const Mark& other = write_races ? write : read;
        fault(kLaunchFailure,
              "global memory race between blocks at " + hex(addresses[l] + k) + ": also accessed by block " +
                  std::to_string(other.block()) + ", thread " + std::to_string(other.thread()) + " in this launch",
              l);
      }
      shadow[access.write ? 0 : 1] = me.bits;
    }
  });
}
}  // namespace convoy::vgpu
