// The interpreter's loop.
//
// A warp is a set of groups of lanes that share a program counter. The ready group with the lowest one runs until it
// reaches the program counter of another group (they merge), diverges, blocks or ends; this reconverges at the usual
// places. A group that keeps looping while others wait gives way after a while, so spin locks between lanes progress.
#include <algorithm>
#include <vector>

#include "tests/virtual_gpu/interpreter/block.h"

namespace convoy::vgpu {
namespace {
constexpr u64 kSpinLimit = 8192;  // backward branches with others waiting
constexpr u32 kNever = ~0u;
}  // namespace

class WarpRun {
 public:
  WarpRun(Block& block, Warp& warp, u64 slice)
      : block_(block),
        warp_(warp),
        groups_(warp.groups),
        code_(block.prog->code.data()),
        end_(block.warp_insts + slice) {}

  bool run() {
    block_.active = &warp_;
    bool progressed = false;
    while (!out_of_time_ && choose_group()) {
      progressed = true;
      run_group();
      out_of_time_ |= block_.warp_insts > end_;
    }
    block_.active = nullptr;
    return progressed;
  }

 private:
  // Takes the lanes that run next out of the groups; false when none is ready.
  bool choose_group() {
    const bool give_way = warp_.spins > kSpinLimit && groups_.size() > 1;
    const Group* best = nullptr;
    for (const Group& g : groups_) {  // `bar` of a ready group: it has looped long already
      if (g.state != Group::Ready) continue;
      if (!best || (give_way ? g.bar < best->bar : g.pc < best->pc)) best = &g;
    }
    if (!best) return false;
    pc_ = best->pc;
    if (give_way) {
      warp_.spins = 0;
      for (Group& g : groups_)
        if (g.state == Group::Ready) g.bar = 0;
    }
    active_ = 0;
    merge_pc_ = kNever;
    for (size_t k = groups_.size(); k-- > 0;) {
      const Group& g = groups_[k];
      if (g.state != Group::Ready && g.state != Group::AtWarpSync) continue;
      if (g.pc == pc_) {
        active_ |= g.mask;
        groups_.erase(groups_.begin() + static_cast<std::ptrdiff_t>(k));
      } else if (g.pc > pc_) {
        merge_pc_ = std::min(merge_pc_, g.pc);
      }
    }
    return true;
  }

  void run_group() {
    running_ = true;
    u32 pc = pc_;
    u64 warps = 0, lanes = 0;
    while (running_) {
      if (pc == merge_pc_) {
        park(pc, active_);
        break;
      }
      const Inst& inst = code_[pc];
      u32 mask = active_;
      block_.current = pc;
      if (inst.pred >= 0) {
        const u32 guard = *reinterpret_cast<const u32*>(warp_.base[0] + inst.pred);
        mask &= inst.pred_negated ? ~guard : guard;
      }
      ++warps;
      lanes += static_cast<u64>(__builtin_popcount(mask));
      if (block_.prof) count(pc, mask);
      if (inst.ctl == Control::None) {
        if (mask) inst.fn(warp_, inst, mask);
        ++pc;
        continue;
      }
      block_.warp_insts += warps;
      warps = 0;
      pc_ = pc;
      control(inst, mask);
      pc = pc_;
    }
    block_.warp_insts += warps;
    block_.thread_insts += lanes;
  }

  void count(u32 pc, u32 mask) {
    ++block_.exec_count[pc];
    block_.lane_count[pc] += static_cast<u64>(__builtin_popcount(mask));
  }

  void park(u32 pc, u32 mask, Group::State state = Group::Ready, u32 need = 0) {
    if (mask) groups_.push_back(Group{state, pc, mask, warp_.spins > kSpinLimit ? 1u : 0u, need});
  }

  // What changes the program counter or blocks. `mask`: the active lanes that the guard lets through.
  void control(const Inst& inst, u32 mask) {
    if (!mask) {
      if (inst.ctl == Control::Bra && block_.prof && inst.pred >= 0) ++block_.prof->branches;
      if (inst.ctl == Control::BraIdx && block_.prof) ++block_.prof->branches;
      ++pc_;
      return;
    }
    switch (inst.ctl) {
      case Control::Bra:
        return branch(inst, mask);
      case Control::BraIdx:
        return branch_by_index(inst, mask);
      case Control::Exit:
        return exit(mask);
      case Control::Ret:
        return return_from(inst, mask);
      case Control::Call:
        return call(inst, mask);
      case Control::Barrier:
      case Control::BarrierArrive:
        return barrier(inst, mask);
      case Control::WarpSync:
        return warp_sync(inst, mask);
      case Control::WarpBarrier:
        return warp_barrier(inst, mask);
      default:
        fault(kLaunchFailure, "trap", __builtin_ctz(mask));
    }
  }

  // The lanes of `mask` go on at `target`, the other active ones here.
  void jump(u32 target, u32 mask) {
    const u32 rest = active_ & ~mask;
    if (!rest && groups_.empty()) {
      pc_ = target;
      return;
    }
    park(target, mask);
    park(pc_ + 1, rest);
    running_ = false;
  }

  void branch(const Inst& inst, u32 mask) {
    if (block_.prof && inst.pred >= 0) {
      ++block_.prof->branches;
      if (mask != active_) ++block_.prof->divergent;
    }
    const bool backward = inst.target <= pc_;
    jump(inst.target, mask);
    if (!backward) return;
    warp_.spins += !groups_.empty();
    const bool polls_another_warp = warp_.spins > kSpinLimit && running_ && groups_.empty();
    if (polls_another_warp) warp_.spins = 0;
    if (!polls_another_warp && block_.warp_insts <= end_) return;
    out_of_time_ = true;
    if (running_) park(pc_, active_);
    running_ = false;
  }

  void branch_by_index(const Inst& inst, u32 mask) {
    park(pc_ + 1, active_ & ~mask);
    const u32* index = reg<u32>(warp_, inst.a);
    int ways = 0;
    for (u32 left = mask, same; left; left &= ~same, ++ways) {
      same = lanes_that_agree(index, left);
      const int lane = __builtin_ctz(left);
      if (index[lane] >= inst.table->size()) fault(kLaunchFailure, "branch index out of range", lane);
      park((*inst.table)[index[lane]], same);
    }
    if (block_.prof) {
      ++block_.prof->branches;
      if (ways > 1) ++block_.prof->divergent;
    }
    running_ = false;
  }

  void exit(u32 mask) {
    block_.exit_lanes(warp_, mask);
    active_ &= ~mask;
    ++pc_;
    running_ = active_ != 0;
  }

  void call(const Inst& inst, u32 mask) {
    u32* return_to = reg<u32>(warp_, inst.e);
    for_lanes(mask, [&](int l) { return_to[l] = pc_ + 1; });
    jump(inst.target, mask);
  }

  void return_from(const Inst& inst, u32 mask) {
    const u32* return_to = reg<u32>(warp_, inst.e);
    u32 same = lanes_that_agree(return_to, mask);
    if (same == mask) return jump(return_to[__builtin_ctz(mask)], mask);
    park(pc_ + 1, active_ & ~mask);
    for (u32 left = mask; left; left &= ~same) {
      same = lanes_that_agree(return_to, left);
      park(return_to[__builtin_ctz(left)], same);
    }
    running_ = false;
  }

  void barrier(const Inst& inst, u32 mask) {
    block_.arrive(warp_, inst, mask);
    const u32 id = reg<u32>(warp_, inst.a)[__builtin_ctz(mask)];
    if (inst.ctl == Control::Barrier) {
      park(pc_ + 1, active_ & ~mask);
      park(pc_ + 1, mask, Group::AtBarrier);
      groups_.back().bar = id;
      running_ = false;
    } else {
      ++pc_;
    }
    block_.try_complete(id);
  }

  // Shuffles, votes, mma: run once all lanes that they name are here.
  void warp_sync(const Inst& inst, u32 mask) {
    const u32* member_masks = inst.aligned ? nullptr : reg<u32>(warp_, inst.mask);
    u32 waiting = 0;
    for (u32 left = mask, same; left; left &= ~same) {
      same = member_masks ? lanes_that_agree(member_masks, left) : left;
      const u32 member = member_masks ? member_masks[__builtin_ctz(left)] : ~0u;
      check_members(same, member);
      const u32 needed = member & warp_.live();
      if ((same & needed) == needed)
        inst.fn(warp_, inst, same);
      else
        waiting |= same;
    }
    if (!waiting) {
      ++pc_;
      return;
    }
    park(pc_, waiting, Group::AtWarpSync);
    park(pc_ + 1, active_ & ~waiting);
    running_ = false;
  }

  void warp_barrier(const Inst& inst, u32 mask) {
    const u32 member = reg<u32>(warp_, inst.mask)[__builtin_ctz(mask)];
    check_members(mask, member);
    if (block_.warp_barrier(warp_, member, mask)) return jump(pc_ + 1, active_);
    park(pc_ + 1, mask, Group::AtWarpBarrier, member);
    park(pc_ + 1, active_ & ~mask);
    running_ = false;
  }

  static void check_members(u32 lanes, u32 member) {
    if (const u32 strangers = lanes & ~member)
      fault(kLaunchFailure, "lane is not in its own member mask " + hex(member), __builtin_ctz(strangers));
  }

  Block& block_;
  Warp& warp_;
  std::vector<Group>& groups_;
  const Inst* code_;
  const u64 end_;  // of the slice, in the block's instructions
  u32 pc_ = 0;
  u32 active_ = 0;         // lanes that run
  u32 merge_pc_ = kNever;  // where the next group waits
  bool running_ = false;   // these lanes go on at pc_
  bool out_of_time_ = false;
};

bool run_warp(Block& block, Warp& warp, u64 slice) { return WarpRun(block, warp, slice).run(); }
}  // namespace convoy::vgpu
