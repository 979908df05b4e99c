// Barriers of the block (bar.sync, barrier.arrive, barrier.red) and of a warp (__syncwarp).
#include "tests/virtual_gpu/interpreter/block.h"

namespace convoy::vgpu {
namespace {
constexpr u32 kBarriers = 16;
// Inst::sub of a barrier: what is computed from the threads' predicates.
enum Reduction : u8 { kNone, kCount, kAll, kAny };

// A warp whose lanes have all arrived or exited counts as a whole one.
u32 arrived_threads(const Warp& warp, u32 arrived) {
  if (!arrived) return 0;
  const bool whole = ((arrived | warp.exited) & warp.lanes) == warp.lanes;
  return whole ? 32 : static_cast<u32>(__builtin_popcount(arrived));
}

// All lanes of a warp must come to the same instruction of an .aligned barrier (bar.sync, __syncthreads). Lanes that
// have exited do not count, nor do those that may still come.
void check_convergence(const Warp& warp, const Inst& inst, int lane) {
  if (!inst.aligned) return;
  for (const Group& group : warp.groups) {
    if (group.state != Group::AtBarrier || group.pc - 1 == inst.idx) continue;
    const ParsedInst& other = *warp.blk->prog->code[group.pc - 1].raw;
    fault(kLaunchFailure,
          "divergent barrier: lanes " + hex(group.mask) + " of the same warp wait at another one, at PTX line " +
              std::to_string(other.line) + " '" + other.text + "'",
          lane);
  }
}

void give_result(Warp& warp, const Group& group, const Inst& inst, const NamedBarrier& barrier) {
  if (inst.sub == kCount) {
    u32* to = reg<u32>(warp, inst.d);
    for_lanes(group.mask, [&](int l) { to[l] = barrier.popc; });
  } else if (inst.sub != kNone) {
    const bool result = inst.sub == kAll ? barrier.all : barrier.some;
    set_predicate(predicate(warp, inst.d), group.mask, result ? ~0u : 0);
  }
}
}  // namespace

// Lets the threads at the barrier go on if all that it waits for have arrived.
bool Block::try_complete(u32 id) {
  NamedBarrier& barrier = bars[id];
  if (!barrier.any) return false;
  u32 count = 0;
  bool everyone = true;
  for (const Warp& warp : warps) {
    everyone &= (barrier.arrived[warp.id] & warp.live()) == warp.live();
    count += arrived_threads(warp, barrier.arrived[warp.id]);
  }
  if (barrier.expected ? count < barrier.expected : !everyone) return false;
  const u32 now = ++stamp;
  if (everyone) full_stamp = now;
  for (Warp& warp : warps) {
    if (!barrier.arrived[warp.id]) continue;
    barrier_stamp[warp.id] = now;
    for_lanes(barrier.arrived[warp.id], [&](int l) { warp_sync_stamp[warp.id * 32 + static_cast<u32>(l)] = now; });
    for (Group& group : warp.groups) {
      if (group.state != Group::AtBarrier || group.bar != id) continue;
      group.state = Group::Ready;
      give_result(warp, group, prog->code[group.pc - 1], barrier);
    }
  }
  barrier.reset(warps.size());
  return true;
}

void Block::arrive(Warp& warp, const Inst& inst, u32 mask) {
  const int lane = __builtin_ctz(mask);
  const u32 id = reg<u32>(warp, inst.a)[lane];
  if (id >= kBarriers) fault(kLaunchFailure, "barrier number " + std::to_string(id) + " is out of range", lane);
  check_convergence(warp, inst, lane);
  NamedBarrier& barrier = bars[id];
  const u32 expected = inst.f1 ? reg<u32>(warp, inst.b)[lane] : 0;
  const std::string count = std::to_string(expected);
  if (inst.f1 && (expected == 0 || expected % 32))
    fault(kLaunchFailure, "barrier thread count " + count + " is not a positive multiple of 32", lane);
  if (expected > ((num_threads + 31) & ~31u))
    fault(kLaunchFailure, "barrier waits for " + count + " threads but the block has " + std::to_string(num_threads),
          lane);
  if (barrier.any && barrier.expected != expected)
    fault(kLaunchFailure, "barrier " + std::to_string(id) + " used with different thread counts", lane);
  barrier.any = true;
  barrier.expected = expected;
  barrier.arrived[warp.id] |= mask;
  if (inst.sub == kNone) return;
  const u32 given = predicate(warp, inst.c);
  const u32 votes = (inst.f2 ? ~given : given) & mask;
  barrier.popc += static_cast<u32>(__builtin_popcount(votes));
  barrier.all &= votes == mask;
  barrier.some |= votes != 0;
}

// True when everyone in `member` has arrived, counting the lanes `arriving` now; then the others go on.
bool Block::warp_barrier(Warp& warp, u32 member, u32 arriving) {
  const auto waits_here = [&](const Group& g) { return g.state == Group::AtWarpBarrier && g.need == member; };
  u32 here = arriving;
  for (const Group& group : warp.groups)
    if (waits_here(group)) here |= group.mask;
  const u32 needed = member & warp.live();
  if ((here & needed) != needed) return false;
  const u32 now = ++stamp;
  for_lanes(here, [&](int l) { warp_sync_stamp[warp.id * 32 + static_cast<u32>(l)] = now; });
  for (Group& group : warp.groups)
    if (waits_here(group)) group.state = Group::Ready;
  return true;
}

// Who waited for these lanes may go on without them.
void Block::exit_lanes(Warp& warp, u32 mask) {
  warp.exited |= mask;
  for (Group& group : warp.groups)
    if (group.state == Group::AtWarpSync) group.state = Group::Ready;  // it looks again
  for (size_t k = 0; k < warp.groups.size(); ++k)
    if (warp.groups[k].state == Group::AtWarpBarrier) warp_barrier(warp, warp.groups[k].need, 0);
  for (u32 id = 0; id < kBarriers; ++id) try_complete(id);
}
}  // namespace convoy::vgpu
