// What memory accesses count as in the profile.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
u32 count_sectors(u32 mask, const u64* addresses, u32 bytes) {
  u64 sectors[2 * kLanes];
  int n = 0;
  for_lanes(mask, [&](int l) {
    const u64 first = addresses[l] / 32, last = (addresses[l] + bytes - 1) / 32;
    sectors[n++] = first;
    if (last != first) sectors[n++] = last;
  });
  std::sort(sectors, sectors + n);
  return static_cast<u32>(std::unique(sectors, sectors + n) - sectors);
}

void count_global(const Warp& warp, u32 mask, const u64* addresses, const Access& access) {
  Counters& c = *warp.blk->prof;
  const u64 bytes = u64{access.bytes} * static_cast<u64>(__builtin_popcount(mask));
  (access.write ? c.st_bytes : c.ld_bytes) += bytes;
  (access.write ? c.st_sectors : c.ld_sectors) += count_sectors(mask, addresses, access.bytes);
  ++(access.write ? c.st_req : c.ld_req);
  ++(access.bytes >= 16 ? c.vec128 : access.bytes == 8 ? c.vec64 : c.narrow);
}

namespace {
class Banks {  // of shared memory, during one wavefront
 public:
  void touch(u32 word) {
    const u32 bank = word % 32;
    u32* words = words_[bank];
    if (std::find(words, words + count_[bank], word) != words + count_[bank]) return;  // one read serves several lanes
    words[count_[bank]++] = word;
    worst_ = std::max<u32>(worst_, count_[bank]);
  }
  u32 worst() const { return worst_; }

 private:
  u32 words_[32][kLanes];
  u8 count_[32] = {};
  u32 worst_ = 0;
};
}  // namespace

// Wide accesses are served in halves or quarters of the warp.
void count_shared(Warp& warp, u32 mask, const u32* offsets, u32 bytes) {
  Counters& c = *warp.blk->prof;
  ++c.shared_req;
  const u32 lanes_at_once = bytes >= 16 ? 8 : bytes == 8 ? 16 : 32;
  for (u32 begin = 0; begin < kLanes; begin += lanes_at_once) {
    Banks banks;
    for (u32 l = begin; l < begin + lanes_at_once; ++l)
      for (u32 k = 0; (mask >> l & 1) && k < std::max(1u, bytes / 4); ++k) banks.touch(offsets[l] / 4 + k);
    c.shared_clocks += banks.worst();
    if (banks.worst() > 1) c.bank_replays += banks.worst() - 1;
  }
}
}  // namespace convoy::vgpu
