// mbarrier.cpp - mbarrier objects in shared memory (used by cuda::barrier and cuda::pipeline).
//
// Our 64-bit layout: bits 0..19 expected count, 20..39 pending arrivals, 40..62 phase number. The token returned by an
// arrival is the phase it belongs to. Completing a phase orders everything before it, like a barrier between the warps
// involved.
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
namespace {
constexpr u64 kCount = (1u << 20) - 1;
u64 expected(u64 v) { return v & kCount; }
u64 pending(u64 v) { return v >> 20 & kCount; }
u64 phase(u64 v) { return v >> 40; }
u64 make(u64 e, u64 p, u64 ph) { return e | p << 20 | (ph & 0x7fffff) << 40; }

u64& object(Warp& w, const Inst& i, int l) {
  u64 a = (i.wide == 8 ? reg<u64>(w, i.a)[l] & ~kWinMask : (u64)reg<u32>(w, i.a)[l]) + i.imm;
  return *(u64*)shared_ptr(w, i, l, (u32)std::min<u64>(a, ~0u), 8);
}
u64 count_of(Warp& w, const Inst& i, int l) { return i.f1 ? reg<u32>(w, i.b)[l] : 1; }
void init(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    u64 n = reg<u32>(w, i.b)[l];
    if (!n || n > kCount) fault(719, "mbarrier count out of range", l);
    object(w, i, l) = make(n, n, 0);
  });
}
void inval(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) { object(w, i, l) = ~0ull; });
}
void arrive(Warp& w, const Inst& i, u32 m) {  // f2: arrive_drop, f3: wants the token
  for_lanes(m, [&](int l) {
    u64 &v = object(w, i, l), n = count_of(w, i, l), token = phase(v), e = expected(v), p = pending(v);
    if (v == ~0ull || n > p)
      fault(719, "mbarrier arrival on an uninitialised barrier, or more arrivals than expected", l);
    if (i.f3) reg<u64>(w, i.d)[l] = token;
    if (i.f2) e -= n;
    p -= n;
    v = p ? make(e, p, phase(v)) : make(e, e, phase(v) + 1);
    Block& b = *w.blk;
    if (!p) b.full_stamp = ++b.stamp;  // races across an mbarrier are not tracked further
  });
}
void test(Warp& w, const Inst& i, u32 m) {  // d: true when the phase of the token (or of that parity: f2) has completed
  u32 r = 0;
  for_lanes(m, [&](int l) {
    u64 v = object(w, i, l);
    bool ok = i.f2 ? (phase(v) & 1) != (reg<u32>(w, i.b)[l] & 1) : phase(v) != reg<u64>(w, i.b)[l];
    r |= (u32)ok << l;
  });
  set_predicate(predicate(w, i.d), m, r);
  if (r != m) w.spins += 512;
}
void decode_mbarrier(InstDecoder& d) {
  Inst& i = d.i;
  std::string op = d.one_of({"init", "inval", "arrive", "arrive_drop", "test_wait", "try_wait", "pending_count"});
  bool parity = d.has("parity");
  d.has("noComplete");
  for (auto s : {"shared", "shared::cta", "release", "acquire", "relaxed", "cta", "cluster"}) d.has(s);
  if (op.empty() || d.type() != Type::B64) d.bad("form");
  i.size = 8;
  if (op == "pending_count") d.bad("pending_count");
  if (op == "init") {
    d.address(0, Space::Shared);
    i.b = d.src(1, Type::U32);
    i.fn = init;
  } else if (op == "inval") {
    d.address(0, Space::Shared);
    i.fn = inval;
  } else if (op[0] == 'a') {
    i.f2 = op == "arrive_drop";
    bool sink = d.r.ops.at(0).kind == ParsedOperand::Sink, none = d.r.ops[0].kind == ParsedOperand::Mem;
    int k = none ? 0 : 1;
    i.f3 = !sink && !none;
    if (i.f3) i.d = d.dst(0, Type::B64);
    d.address(k, Space::Shared);
    if ((int)d.n() > k + 1) {
      i.f1 = true;
      i.b = d.src(k + 1, Type::U32);
    }
    i.fn = arrive;
  } else {
    i.d = d.predicate_dst(d.r.ops.at(0));
    d.address(1, Space::Shared);
    i.f2 = parity;
    i.b = d.src(2, parity ? Type::U32 : Type::B64);
    i.fn = test;
  }  // a suspend-time hint may follow
}
PTX_OP("mbarrier", decode_mbarrier);
}  // namespace
void mbarrier_arrive(Warp& w, const Inst& i, u32 m) { arrive(w, i, m); }
}  // namespace convoy::vgpu
