#include "tests/virtual_gpu/interpreter/device_library.h"

#include <algorithm>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {

Readable memory_at(Warp& w, int lane, u64 address) {
  const u64 window = address & kWinMask, offset = address & ~kWinMask;
  if (window == kLocalWin && offset < w.local_stride)
    return {w.local + static_cast<u64>(lane) * w.local_stride + offset, w.local_stride - offset};
  if (window == kSharedWin && offset >= kSharedBase && offset < w.blk->shared_bytes)
    return {w.blk->shared.data() + offset - kSharedBase, w.blk->shared_bytes - offset};
  const auto range = window ? std::nullopt : DeviceMemory::get().range_at(address);
  if (!range) fault(kIllegalAddress, "bad pointer " + hex(address) + " passed to a library function", lane);
  return {reinterpret_cast<const u8*>(address + range->to_host), range->end - address};
}

std::string string_at(Warp& w, int lane, u64 address) {
  if (!address) return "(null)";
  const Readable memory = memory_at(w, lane, address);
  const u8* end = std::find(memory.data, memory.data + memory.bytes, 0);
  return std::string(memory.data, end);
}

namespace {

void device_assert(Warp& w, const Inst& i, u32 m) {  // (expression, file, line, function, character size)
  const int l = first_lane(m);
  fault(kAssertFailed,
        "assertion '" + string_at(w, l, call_argument<u64>(w, i, l, 0)) + "' failed at " +
            string_at(w, l, call_argument<u64>(w, i, l, 1)) + ":" + std::to_string(call_argument<u32>(w, i, l, 2)) +
            " in " + string_at(w, l, call_argument<u64>(w, i, l, 3)),
        l);
}

void device_malloc(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    const u64 bytes = call_argument<u64>(w, i, l, 0);
    call_result<u64>(w, i, l, DeviceMemory::get().allocate(bytes, "device malloc"));
  });
}

void device_free(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    const u64 address = call_argument<u64>(w, i, l, 0);
    if (address && !DeviceMemory::get().release(address))
      fault(kIllegalAddress, "free of " + hex(address) + ", which is not allocated", l);
    std::fill(w.blk->cache.begin(), w.blk->cache.end(), AccessCache{});
  });
}

}  // namespace

Builtin find_builtin(const std::string& name) {
  if (name == "vprintf") return device_printf;
  if (name == "__assertfail" || name == "__assert_fail") return device_assert;
  if (name == "malloc") return device_malloc;
  if (name == "free") return device_free;
  return nullptr;
}

}  // namespace convoy::vgpu
