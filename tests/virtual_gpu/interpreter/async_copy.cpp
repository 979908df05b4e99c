// cp.async: the data reaches shared memory only when the thread waits for it; until then the destination holds NaN.
#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/interpreter/memory.h"

namespace convoy::vgpu {
namespace {
constexpr i64 kWaitForAll = -1;  // committed or not

// One instruction's copies. inst.a and imm: shared destination; b and flops: global source; size. f1: c says how many
// bytes to read, the rest is filled with zeros; f2: predicate c, negated with f3, says that none are read.
struct Copies {
  u32 source_bytes[kLanes];
  u32 destinations[kLanes];
  u64 sources[kLanes] = {};

  Copies(Warp& warp, const Inst& inst) {
    for (int l = 0; l < kLanes; ++l) {
      source_bytes[l] = bytes_to_read(warp, inst, l);
      const u32 base =
          inst.wide == 8 ? static_cast<u32>(reg<u64>(warp, inst.a)[l] & ~kWinMask) : reg<u32>(warp, inst.a)[l];
      destinations[l] = base + static_cast<u32>(inst.imm);
    }
  }

  static u32 bytes_to_read(Warp& warp, const Inst& inst, int lane) {
    if (inst.f1) return std::min<u32>(reg<u32>(warp, inst.c)[lane], inst.size);
    if (!inst.f2) return inst.size;
    const bool ignores_source = (predicate(warp, inst.c) >> lane & 1) != inst.f3;
    return ignores_source ? 0 : inst.size;
  }

  // Lanes that read nothing are not checked; partial reads check what they read.
  void resolve_sources(Warp& warp, const Inst& inst, u32 mask) {
    const u32 reading = mask & mask_of([&](int l) { return source_bytes[l] != 0; });
    const u32 partial = reading & mask_of([&](int l) { return source_bytes[l] != inst.size; });
    Inst load = inst;
    load.a = inst.b;
    load.wide = 8;
    load.imm = static_cast<i64>(inst.flops);
    load.space = Space::Global;
    if (partial)
      for_lanes(reading, [&](int l) {
        const u64 address = reg<u64>(warp, load.a)[l] + static_cast<u64>(load.imm);
        sources[l] = resolve_global_lane(address, inst.size, source_bytes[l], l, "cp.async read");
      });
    else if (reading)
      resolve(warp, load, reading, {.bytes = inst.size}, sources);
  }
};

void start_copies(Warp& warp, const Inst& inst, u32 mask) {
  Block& block = *warp.blk;
  Copies copies(warp, inst);
  copies.resolve_sources(warp, inst, mask);
  if (block.prof) count_shared(warp, mask, copies.destinations, inst.size);
  for_lanes(mask, [&](int l) {
    const u32 destination = copies.destinations[l];
    check_shared(warp, l, destination, inst.size);
    AsyncCopy copy{static_cast<u32>(l), warp.async_group[l], destination, inst.size, {}};
    if (copies.source_bytes[l])
      memcpy(copy.data, reinterpret_cast<const void*>(copies.sources[l]), copies.source_bytes[l]);
    race_access(warp, inst, l, destination, inst.size, true, false, nullptr);
    memset(block.shared.data() + destination - kSharedBase, 0xff, inst.size);
    warp.async.push_back(copy);
  });
}

void commit_group(Warp& warp, const Inst&, u32 mask) {
  for_lanes(mask, [&](int l) { ++warp.async_group[l]; });
}

// All but the newest inst.imm groups of each lane arrive, or all.
void wait_for_groups(Warp& warp, const Inst& inst, u32 mask) {
  const auto arrives = [&](const AsyncCopy& copy) {
    const i64 newest = static_cast<i64>(warp.async_group[copy.lane]);
    return (mask >> copy.lane & 1) && (inst.imm == kWaitForAll || static_cast<i64>(copy.group) < newest - inst.imm);
  };
  size_t kept = 0;
  for (const AsyncCopy& copy : warp.async) {
    if (arrives(copy)) {
      race_access(warp, inst, static_cast<int>(copy.lane), copy.dst, copy.size, true, false, nullptr);
      memcpy(warp.blk->shared.data() + copy.dst - kSharedBase, copy.data, copy.size);
    } else {
      warp.async[kept++] = copy;
    }
  }
  warp.async.resize(kept);
}

// cp.async.mbarrier.arrive: the lane's copies finish at once; .noinc (f2) then counts as an arrival.
void arrive_at_mbarrier(Warp& warp, const Inst& inst, u32 mask) {
  Inst wait = inst;
  wait.imm = kWaitForAll;
  wait_for_groups(warp, wait, mask);
  if (!inst.f2) return;
  Inst arrive = inst;
  arrive.f1 = arrive.f2 = arrive.f3 = false;
  mbarrier_arrive(warp, arrive, mask);
}

bool has_shared_modifier(InstDecoder& d) { return d.has("shared") || d.has("shared::cta"); }

void decode_copy(InstDecoder& d) {
  Inst& inst = d.i;
  const bool all_levels = d.has("ca"), l2_only = d.has("cg");
  if (!all_levels && !l2_only) d.bad("cp.async form");
  if (!has_shared_modifier(d) && !d.has("shared::cluster")) d.bad("destination");
  if (!d.has("global")) d.bad("source");
  d.cache_hint();
  d.has_prefix("L2::");
  d.address(1, Space::Global);
  if (inst.wide != 8) d.bad("source address");
  if (inst.imm < 0 || inst.imm > INT32_MAX) d.bad("source offset");
  inst.b = inst.a;
  inst.flops = static_cast<u32>(inst.imm);
  d.address(0, Space::Shared);
  inst.size = static_cast<u8>(d.immediate(2));
  if (inst.size != 4 && inst.size != 8 && inst.size != 16) d.bad("size");
  if (l2_only && inst.size != 16) d.bad("cp.async.cg copies 16 bytes");
  if (d.n() > 3) {
    const ParsedOperand& bytes = d.r.ops[3];
    inst.f2 = bytes.kind == ParsedOperand::Reg && d.f.f->regs[static_cast<size_t>(bytes.reg)].ty == Type::Pred;
    inst.f1 = !inst.f2;
    inst.c = inst.f2 ? d.predicate_src(bytes, inst.f3) : d.src(3, Type::U32);
  }
  inst.fn = start_copies;
}

void decode_cp(InstDecoder& d) {
  Inst& inst = d.i;
  if (!d.has("async")) d.bad("only cp.async is supported");
  inst.cls = kAsync;
  if (d.has("commit_group")) {
    inst.fn = commit_group;
  } else if (d.has("wait_group")) {
    inst.imm = static_cast<i64>(d.immediate(0));
    inst.fn = wait_for_groups;
  } else if (d.has("wait_all")) {
    inst.imm = kWaitForAll;
    inst.fn = wait_for_groups;
  } else if (d.has("mbarrier")) {
    inst.f2 = d.has("noinc");
    if (!d.has("arrive") || !has_shared_modifier(d) || d.type() != Type::B64) d.bad("form");
    d.address(0, Space::Shared);
    inst.fn = arrive_at_mbarrier;
  } else {
    decode_copy(d);
  }
}
PTX_OP("cp", decode_cp);
}  // namespace
}  // namespace convoy::vgpu
