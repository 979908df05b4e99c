// mbarrier objects in shared memory, as cuda::barrier and cuda::pipeline use them.
//
// The 64 bits of an object: 0..19 expected arrivals, 20..39 pending arrivals, 40..62 phase. The token of an arrival is
// the phase that it belongs to. Completing a phase orders everything before it, like a barrier between the warps
// involved.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/shared_memory.h"

namespace convoy::vgpu {
namespace {

constexpr u64 kCountMask = (1u << 20) - 1, kPhaseMask = (1u << 23) - 1;
constexpr u64 kInvalid = ~0ull;        // also what fresh shared memory holds
constexpr u64 kFailedTestSpins = 512;  // a lane that polls gives way to others

u64 expected_of(u64 v) { return v & kCountMask; }
u64 pending_of(u64 v) { return v >> 20 & kCountMask; }
u64 phase_of(u64 v) { return v >> 40; }
u64 make(u64 expected, u64 pending, u64 phase) { return expected | pending << 20 | (phase & kPhaseMask) << 40; }

u64& object_at(Warp& w, const Inst& i, int l) {
  const u64 base = i.wide == 8 ? reg<u64>(w, i.a)[l] & ~kWinMask : reg<u32>(w, i.a)[l];
  const u32 off = static_cast<u32>(std::min<u64>(base + i.imm, ~0u));
  return *reinterpret_cast<u64*>(shared_ptr(w, i, l, off, sizeof(u64)));
}

void init(Warp& w, const Inst& i, u32 m) {  // b: count
  for_lanes(m, [&](int l) {
    const u64 count = reg<u32>(w, i.b)[l];
    if (!count || count > kCountMask) fault(kLaunchFailure, "mbarrier count out of range", l);
    object_at(w, i, l) = make(count, count, 0);
  });
}
void invalidate(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) { object_at(w, i, l) = kInvalid; });
}

// f1: b arrivals at once; f2: arrive_drop; f3: the token goes to d.
void arrive(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    u64& object = object_at(w, i, l);
    const u64 count = i.f1 ? reg<u32>(w, i.b)[l] : 1, phase = phase_of(object);
    if (object == kInvalid || count > pending_of(object))
      fault(kLaunchFailure, "mbarrier arrival on an uninitialised barrier, or more arrivals than expected", l);
    if (i.f3) reg<u64>(w, i.d)[l] = phase;
    const u64 expected = expected_of(object) - (i.f2 ? count : 0), pending = pending_of(object) - count;
    if (pending) {
      object = make(expected, pending, phase);
      return;
    }
    object = make(expected, expected, phase + 1);
    Block& block = *w.blk;
    block.full_stamp = ++block.stamp;  // races across a phase are not tracked further
  });
}

// d: has the phase of token b, or of parity b (f2), completed?
void test(Warp& w, const Inst& i, u32 m) {
  u32 completed = 0;
  for_lanes(m, [&](int l) {
    const u64 phase = phase_of(object_at(w, i, l));
    const bool done = i.f2 ? (phase & 1) != (reg<u32>(w, i.b)[l] & 1) : phase != reg<u64>(w, i.b)[l];
    completed |= static_cast<u32>(done) << l;
  });
  set_predicate(predicate(w, i.d), m, completed);
  if (completed != m) w.spins += kFailedTestSpins;
}

void decode_arrival(InstDecoder& d) {
  Inst& i = d.i;
  const bool has_token_operand = d.op(0).kind != ParsedOperand::Mem;
  i.f3 = has_token_operand && d.op(0).kind != ParsedOperand::Sink;
  if (i.f3) i.d = d.dst(0, Type::B64);
  const int address = has_token_operand ? 1 : 0;
  d.address(address, Space::Shared);
  i.f1 = static_cast<int>(d.n()) > address + 1;
  if (i.f1) i.b = d.src(address + 1, Type::U32);
  i.fn = arrive;
}

void decode_mbarrier(InstDecoder& d) {
  Inst& i = d.i;
  const std::string op = d.one_of({"init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait"});
  const bool parity = d.has("parity");
  d.has("noComplete");
  for (auto word : {"shared", "shared::cta", "release", "acquire", "relaxed", "cta", "cluster"}) d.has(word);
  if (op.empty() || d.type() != Type::B64) d.bad("form");
  i.size = sizeof(u64);
  if (op == "init") {
    d.address(0, Space::Shared);
    i.b = d.src(1, Type::U32);
    i.fn = init;
  } else if (op == "inval") {
    d.address(0, Space::Shared);
    i.fn = invalidate;
  } else if (op == "arrive" || op == "arrive_drop") {
    i.f2 = op == "arrive_drop";
    decode_arrival(d);
  } else {  // a hint for how long to wait may follow
    i.d = d.predicate_dst(d.op(0));
    d.address(1, Space::Shared);
    i.f2 = parity;
    i.b = d.src(2, parity ? Type::U32 : Type::B64);
    i.fn = test;
  }
}

PTX_OP("mbarrier", decode_mbarrier);

}  // namespace

void mbarrier_arrive(Warp& w, const Inst& i, u32 m) { arrive(w, i, m); }

}  // namespace convoy::vgpu
