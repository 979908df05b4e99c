// warpops.cpp - operations between the lanes of a warp. The block runner has already brought the lanes together.
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
namespace {
constexpr u32 kPoison = 0xffffffff;         // what a lane reads from one that does not take part
void shfl(Warp& w, const Inst& i, u32 m) {  // a value, b lane/delta, c clamp+segment; sub: 0 idx 1 bfly 2 down 3 up
  u32 in[32];
  memcpy(in, reg<u32>(w, i.a), sizeof in);
  u32* d = reg<u32>(w, i.d);
  const u32 *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  u32 ok = 0;
  alignas(64) u32 res[32];
  for (int l = 0; l < 32; ++l) {
    int bv = b[l] & 31, cl = c[l] & 31, seg = c[l] >> 8 & 31, max_lane = (l & seg) | (cl & ~seg), min_lane = l & seg, s;
    bool p;
    switch (i.sub) {
      case 0:
        s = min_lane | (bv & ~seg);
        p = s <= max_lane;
        break;
      case 1:
        s = l ^ bv;
        p = s <= max_lane;
        break;
      case 2:
        s = l + bv;
        p = s <= max_lane;
        break;
      default:
        s = l - bv;
        p = s >= max_lane;
        break;
    }
    if (!p) s = l;
    ok |= (u32)p << l;
    res[l] = m >> s & 1 ? in[s] : kPoison;
  }
  each_lane(d, m, [&](int l) { return res[l]; });
  if (i.f1) set_predicate(predicate(w, i.e), m, ok);
}
void decode_shfl(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("shfl without .sync");
  std::string mode = d.one_of({"idx", "bfly", "down", "up"});
  i.sub = mode == "idx" ? 0 : mode == "bfly" ? 1 : mode == "down" ? 2 : 3;
  d.type();
  i.d = d.dst(0, Type::B32);
  i.f1 = d.r.ops[0].alt != -1;
  i.e = d.second_predicate_dst(d.r.ops[0]);
  i.a = d.src(1, Type::B32);
  i.b = d.src(2, Type::B32);
  i.c = d.src(3, Type::B32);
  i.mask = d.src(4, Type::B32);
  i.ctl = Control::WarpSync;
  i.cls = kShuffle;
  i.fn = shfl;
}
void set_mask(InstDecoder& d, int k) {
  d.i.mask = d.src(k, Type::B32);
  d.i.ctl = Control::WarpSync;
}
void vote(Warp& w, const Inst& i, u32 m) {  // sub: 0 ballot 1 any 2 all 3 uni
  u32 p = predicate(w, i.a);
  if (i.f1) p = ~p;
  p &= m;
  if (i.sub == 0) {
    u32* d = reg<u32>(w, i.d);
    each_lane(d, m, [&](int) { return p; });
    return;
  }
  bool r = i.sub == 1 ? p != 0 : i.sub == 2 ? p == m : p == m || p == 0;
  set_predicate(predicate(w, i.d), m, r ? ~0u : 0);
}
void decode_vote(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("vote without .sync");
  std::string k = d.one_of({"ballot", "any", "all", "uni"});
  i.sub = k == "ballot" ? 0 : k == "any" ? 1 : k == "all" ? 2 : 3;
  d.type();
  i.d = i.sub ? d.predicate_dst(d.r.ops.at(0)) : d.dst(0, Type::B32);
  const ParsedOperand& p = d.r.ops.at(1);
  if (p.kind == ParsedOperand::Imm) {
    i.a = d.constant(p.imm ? ~0ull : 0, 4);
  } else
    i.a = d.predicate_src(p, i.f1);
  set_mask(d, 2);
  i.fn = vote;
  i.cls = kShuffle;
}
template <class S>
void match(Warp& w, const Inst& i, u32 m) {
  const S* a = reg<S>(w, i.a);
  u32* d = reg<u32>(w, i.d);
  u32 res[32] = {};
  u32 first = __builtin_ctz(m);
  bool all = true;
  for_lanes(m, [&](int l) {
    for_lanes(m, [&](int k) {
      if (a[k] == a[l]) res[l] |= 1u << k;
    });
    all &= a[l] == a[first];
  });
  if (i.sub) {
    for_lanes(m, [&](int l) { d[l] = all ? m : 0; });
    if (i.f1) set_predicate(predicate(w, i.e), m, all ? ~0u : 0);
  } else
    for_lanes(m, [&](int l) { d[l] = res[l]; });
}
void decode_match(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("match without .sync");
  i.sub = d.one_of({"any", "all"}) == "all";
  Type t = d.type();
  i.d = d.dst(0, Type::B32);
  i.f1 = d.r.ops[0].alt != -1;
  i.e = d.second_predicate_dst(d.r.ops[0]);
  i.a = d.src(1, t);
  set_mask(d, 2);
  i.fn = type_size(t) == 8 ? match<u64> : match<u32>;
  i.cls = kShuffle;
}
void redux(Warp& w, const Inst& i, u32 m) {
  const u32* a = reg<u32>(w, i.a);
  u32 r = a[__builtin_ctz(m)], rest = m & (m - 1);
  bool s = i.ty == Type::S32;
  for_lanes(rest, [&](int l) {
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
  u32* d = reg<u32>(w, i.d);
  each_lane(d, m, [&](int) { return r; });
}
void decode_redux(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("redux without .sync");
  static const char* n[] = {"add", "min", "max", "and", "or", "xor"};
  for (int k = 0; k < 6; ++k)
    if (d.has(n[k])) i.sub = k;
  i.ty = d.type();
  if (i.ty == Type::F32) d.bad("type");
  i.d = d.dst(0, Type::B32);
  i.a = d.src(1, Type::B32);
  set_mask(d, 2);
  i.fn = redux;
  i.cls = kShuffle;
}
void activemask(Warp& w, const Inst& i, u32 m) {
  u32* d = reg<u32>(w, i.d);
  each_lane(d, m, [&](int) { return m; });
}
void decode_activemask(InstDecoder& d) {
  d.type();
  d.i.d = d.dst(0, Type::B32);
  d.i.fn = activemask;
}
void elect(Warp& w, const Inst& i, u32 m) {
  u32 first = __builtin_ctz(m);
  u32* d = reg<u32>(w, i.d);
  each_lane(d, m, [&](int) { return first; });
  set_predicate(predicate(w, i.e), m, 1u << first);
}
void decode_elect(InstDecoder& d) {
  if (!d.has("sync")) d.bad("elect");
  const ParsedOperand& o = d.r.ops.at(0);
  d.i.d = o.kind == ParsedOperand::Sink ? d.scratch(4) : d.dst(0, Type::B32);
  d.i.e = d.second_predicate_dst(o);
  set_mask(d, 1);
  d.i.fn = elect;
}
PTX_OP("shfl", decode_shfl);
PTX_OP("vote", decode_vote);
PTX_OP("match", decode_match);
PTX_OP("redux", decode_redux);
PTX_OP("activemask", decode_activemask);
PTX_OP("elect", decode_elect);
}  // namespace
}  // namespace convoy::vgpu
