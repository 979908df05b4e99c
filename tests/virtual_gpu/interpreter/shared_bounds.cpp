// Shared memory: which accesses are within a variable.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
std::string shared_name(const Block& block, u32 offset) {
  const Program& program = *block.prog;
  const SharedVar* before = nullptr;
  for (const SharedVar& v : program.shared_vars)
    if (offset >= v.off && (!before || v.off >= before->off)) before = &v;
  if (before && offset < before->off + std::max<u32>(before->size, 1))
    return demangle(before->name) + " + " + std::to_string(offset - before->off);
  if (block.cfg->dyn_shared && offset >= program.dyn_offset && offset < block.shared_bytes)
    return "dynamic shared memory + " + std::to_string(offset - program.dyn_offset);
  if (!before) return "before the first variable";
  return std::to_string(offset - before->off - before->size) + " bytes after the end of " + demangle(before->name);
}

void check_shared(const Warp& warp, int lane, u32 offset, u32 bytes) {
  const Block& block = *warp.blk;
  const std::string size = std::to_string(bytes);
  if (offset & (bytes - 1))
    fault(kMisalignedAddress, "misaligned shared address " + hex(offset) + " for a " + size + "-byte access", lane);
  if (offset < kSharedBase || u64{offset} + bytes > block.shared_bytes)
    fault(kIllegalAddress,
          "shared address " + hex(offset) + " (" + size + " bytes) is outside the block's " +
              std::to_string(block.shared_bytes - kSharedBase) + " bytes: " + shared_name(block, offset),
          lane);
  for (u32 word = offset / 4; word <= (offset + bytes - 1) / 4; ++word)
    if (block.redzone[word - kSharedBase / 4])
      fault(kIllegalAddress,
            "shared address " + hex(offset) + " is between variables (overflow): " + shared_name(block, offset), lane);
}

void check_shared_lanes(const Warp& warp, u32 mask, const u32* offsets, u32 bytes) {
  const Block& block = *warp.blk;
  const u32 first = offsets[__builtin_ctz(mask)];
  u32 lowest = ~0u, highest = 0, any_bit = 0;
  for (int l = 0; l < kLanes; ++l) {
    const u32 offset = mask >> l & 1 ? offsets[l] : first;
    lowest = std::min(lowest, offset);
    highest = std::max(highest, offset);
    any_bit |= offset;
  }
  bool good = !(any_bit & (bytes - 1)) && lowest >= kSharedBase && u64{highest} + bytes <= block.shared_bytes;
  if (good && lowest < block.prog->dyn_offset) {  // red zones lie between static variables
    const u8* red_zone = block.redzone.data() - kSharedBase / 4;
    u8 red = 0;
    for_lanes(mask, [&](int l) { red |= red_zone[offsets[l] / 4] | red_zone[(offsets[l] + bytes - 1) / 4]; });
    good = !red;
  }
  if (!good) for_lanes(mask, [&](int l) { check_shared(warp, l, offsets[l], bytes); });
}

u8* shared_ptr(Warp& warp, const Inst&, int lane, u32 offset, u32 bytes) {
  check_shared(warp, lane, offset, bytes);
  return warp.blk->shared.data() + offset - kSharedBase;
}
}  // namespace convoy::vgpu
