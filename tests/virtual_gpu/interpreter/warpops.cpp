// warpops.cpp - operations between the lanes of a warp. The block runner has already brought the lanes together.
#include "tests/virtual_gpu/interpreter/exec.h"

namespace vgpu {
namespace {
constexpr u32 kPoison = 0xffffffff;         // what a lane reads from one that does not take part
void shfl(Warp& w, const Inst& i, u32 m) {  // a value, b lane/delta, c clamp+segment; sub: 0 idx 1 bfly 2 down 3 up
  u32 in[32];
  memcpy(in, L<u32>(w, i.a), sizeof in);
  u32* d = L<u32>(w, i.d);
  const u32 *b = L<u32>(w, i.b), *c = L<u32>(w, i.c);
  u32 ok = 0;
  alignas(64) u32 res[32];
  for (int l = 0; l < 32; ++l) {
    int bv = b[l] & 31, cl = c[l] & 31, seg = c[l] >> 8 & 31, maxLane = (l & seg) | (cl & ~seg), minLane = l & seg, s;
    bool p;
    switch (i.sub) {
      case 0:
        s = minLane | (bv & ~seg);
        p = s <= maxLane;
        break;
      case 1:
        s = l ^ bv;
        p = s <= maxLane;
        break;
      case 2:
        s = l + bv;
        p = s <= maxLane;
        break;
      default:
        s = l - bv;
        p = s >= maxLane;
        break;
    }
    if (!p) s = l;
    ok |= (u32)p << l;
    res[l] = m >> s & 1 ? in[s] : kPoison;
  }
  each(d, m, [&](int l) { return res[l]; });
  if (i.f1) setPred(P(w, i.e), m, ok);
}
void decodeShfl(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("shfl without .sync");
  std::string mode = d.oneOf({"idx", "bfly", "down", "up"});
  i.sub = mode == "idx" ? 0 : mode == "bfly" ? 1 : mode == "down" ? 2 : 3;
  d.type();
  i.d = d.dst(0, Ty::B32);
  i.f1 = d.r.ops[0].alt != -1;
  i.e = d.altPred(d.r.ops[0]);
  i.a = d.src(1, Ty::B32);
  i.b = d.src(2, Ty::B32);
  i.c = d.src(3, Ty::B32);
  i.mask = d.src(4, Ty::B32);
  i.ctl = Ctl::WarpSync;
  i.cls = kShuffle;
  i.fn = shfl;
}
void setMask(Dec& d, int k) {
  d.i.mask = d.src(k, Ty::B32);
  d.i.ctl = Ctl::WarpSync;
}
void vote(Warp& w, const Inst& i, u32 m) {  // sub: 0 ballot 1 any 2 all 3 uni
  u32 p = P(w, i.a);
  if (i.f1) p = ~p;
  p &= m;
  if (i.sub == 0) {
    u32* d = L<u32>(w, i.d);
    each(d, m, [&](int) { return p; });
    return;
  }
  bool r = i.sub == 1 ? p != 0 : i.sub == 2 ? p == m : p == m || p == 0;
  setPred(P(w, i.d), m, r ? ~0u : 0);
}
void decodeVote(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("vote without .sync");
  std::string k = d.oneOf({"ballot", "any", "all", "uni"});
  i.sub = k == "ballot" ? 0 : k == "any" ? 1 : k == "all" ? 2 : 3;
  d.type();
  i.d = i.sub ? d.predDst(d.r.ops.at(0)) : d.dst(0, Ty::B32);
  const RawOp& p = d.r.ops.at(1);
  if (p.kind == RawOp::Imm) {
    i.a = d.constant(p.imm ? ~0ull : 0, 4);
  } else
    i.a = d.predSrc(p, i.f1);
  setMask(d, 2);
  i.fn = vote;
  i.cls = kShuffle;
}
template <class S>
void match(Warp& w, const Inst& i, u32 m) {
  const S* a = L<S>(w, i.a);
  u32* d = L<u32>(w, i.d);
  u32 res[32] = {};
  u32 first = __builtin_ctz(m);
  bool all = true;
  forLanes(m, [&](int l) {
    forLanes(m, [&](int k) {
      if (a[k] == a[l]) res[l] |= 1u << k;
    });
    all &= a[l] == a[first];
  });
  if (i.sub) {
    forLanes(m, [&](int l) { d[l] = all ? m : 0; });
    if (i.f1) setPred(P(w, i.e), m, all ? ~0u : 0);
  } else
    forLanes(m, [&](int l) { d[l] = res[l]; });
}
void decodeMatch(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("match without .sync");
  i.sub = d.oneOf({"any", "all"}) == "all";
  Ty t = d.type();
  i.d = d.dst(0, Ty::B32);
  i.f1 = d.r.ops[0].alt != -1;
  i.e = d.altPred(d.r.ops[0]);
  i.a = d.src(1, t);
  setMask(d, 2);
  i.fn = tySize(t) == 8 ? match<u64> : match<u32>;
  i.cls = kShuffle;
}
void redux(Warp& w, const Inst& i, u32 m) {
  const u32* a = L<u32>(w, i.a);
  u32 r = a[__builtin_ctz(m)], rest = m & (m - 1);
  bool s = i.ty == Ty::S32;
  forLanes(rest, [&](int l) {
    u32 x = a[l];
    switch (i.sub) {
      case 0:
        r += x;
        break;
      case 1:
        r = s ? (u32)std::min((i32)r, (i32)x) : std::min(r, x);
        break;
      case 2:
        r = s ? (u32)std::max((i32)r, (i32)x) : std::max(r, x);
        break;
      case 3:
        r &= x;
        break;
      case 4:
        r |= x;
        break;
      default:
        r ^= x;
    }
  });
  u32* d = L<u32>(w, i.d);
  each(d, m, [&](int) { return r; });
}
void decodeRedux(Dec& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("redux without .sync");
  static const char* n[] = {"add", "min", "max", "and", "or", "xor"};
  for (int k = 0; k < 6; ++k)
    if (d.has(n[k])) i.sub = k;
  i.ty = d.type();
  if (i.ty == Ty::F32) d.bad("type");
  i.d = d.dst(0, Ty::B32);
  i.a = d.src(1, Ty::B32);
  setMask(d, 2);
  i.fn = redux;
  i.cls = kShuffle;
}
void activemask(Warp& w, const Inst& i, u32 m) {
  u32* d = L<u32>(w, i.d);
  each(d, m, [&](int) { return m; });
}
void decodeActivemask(Dec& d) {
  d.type();
  d.i.d = d.dst(0, Ty::B32);
  d.i.fn = activemask;
}
void elect(Warp& w, const Inst& i, u32 m) {
  u32 first = __builtin_ctz(m);
  u32* d = L<u32>(w, i.d);
  each(d, m, [&](int) { return first; });
  setPred(P(w, i.e), m, 1u << first);
}
void decodeElect(Dec& d) {
  if (!d.has("sync")) d.bad("elect");
  const RawOp& o = d.r.ops.at(0);
  d.i.d = o.kind == RawOp::Sink ? d.scratch(4) : d.dst(0, Ty::B32);
  d.i.e = d.altPred(o);
  setMask(d, 1);
  d.i.fn = elect;
}
PTX_OP("shfl", decodeShfl);
PTX_OP("vote", decodeVote);
PTX_OP("match", decodeMatch);
PTX_OP("redux", decodeRedux);
PTX_OP("activemask", decodeActivemask);
PTX_OP("elect", decodeElect);
}  // namespace
}  // namespace vgpu
