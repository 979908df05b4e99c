// vote, match, redux, elect (.sync: the block runner has brought the lanes together) and activemask.
#include <algorithm>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

void warp_synchronous(InstDecoder& d, int mask_operand, Handler fn) {
  d.i.mask = d.src(mask_operand, Type::B32);
  d.i.ctl = Control::WarpSync;
  d.i.cls = kShuffle;
  d.i.fn = fn;
}
void require_sync(InstDecoder& d) {
  if (!d.has("sync")) d.bad("form without .sync");
}

// ---- vote: of predicate a, negated if f1 ----
enum Vote : u8 { kBallot, kAny, kAll, kUni };

void vote(Warp& w, const Inst& i, u32 m) {
  u32 votes = predicate(w, i.a);
  if (i.f1) votes = ~votes;
  votes &= m;
  if (i.sub == kBallot) {
    each_lane(reg<u32>(w, i.d), m, [&](int) { return votes; });
    return;
  }
  const bool any = votes != 0, all = votes == m;
  const bool result = i.sub == kAny ? any : i.sub == kAll ? all : all || !any;
  set_predicate(predicate(w, i.d), m, result ? kAllLanes : 0);
}
void decode_vote(InstDecoder& d) {
  require_sync(d);
  const int kind = d.index_of({"ballot", "any", "all", "uni"});
  if (kind < 0) d.bad("kind of vote");
  d.i.sub = static_cast<u8>(kind);
  d.type();
  d.i.d = kind == kBallot ? d.dst(0, Type::B32) : d.predicate_dst(d.op(0));
  d.i.a = d.predicate_src(d.op(1), d.i.f1);
  warp_synchronous(d, 2, vote);
}

// ---- match: sub 0 any, 1 all; f1: predicate e says whether all match ----
template <class S>
void match(Warp& w, const Inst& i, u32 m) {
  const S* a = reg<S>(w, i.a);
  u32* d = reg<u32>(w, i.d);
  u32 same[kLanes] = {};
  for_lanes(m, [&](int l) { for_lanes(m, [&](int k) { same[l] |= static_cast<u32>(a[k] == a[l]) << k; }); });
  if (!i.sub) {
    for_lanes(m, [&](int l) { d[l] = same[l]; });
    return;
  }
  const bool all = same[first_lane(m)] == m;
  for_lanes(m, [&](int l) { d[l] = all ? m : 0; });
  if (i.f1) set_predicate(predicate(w, i.e), m, all ? kAllLanes : 0);
}
void decode_match(InstDecoder& d) {
  require_sync(d);
  const int kind = d.index_of({"any", "all"});
  if (kind < 0) d.bad("kind of match");
  d.i.sub = static_cast<u8>(kind);
  const Type t = d.type();
  d.i.d = d.dst(0, Type::B32);
  d.i.f1 = d.has_second_dst(d.op(0));
  d.i.e = d.second_predicate_dst(d.op(0));
  d.i.a = d.src(1, t);
  warp_synchronous(d, 2, type_size(t) == 8 ? match<u64> : match<u32>);
}

// ---- redux ----
enum Reduction : u8 { kAdd, kMin, kMax, kAnd, kOr, kXor };

u32 reduce(u8 op, bool is_signed_type, u32 x, u32 y) {
  const i32 sx = static_cast<i32>(x), sy = static_cast<i32>(y);
  switch (op) {
    case kAdd:
      return x + y;
    case kMin:
      return is_signed_type ? static_cast<u32>(std::min(sx, sy)) : std::min(x, y);
    case kMax:
      return is_signed_type ? static_cast<u32>(std::max(sx, sy)) : std::max(x, y);
    case kAnd:
      return x & y;
    case kOr:
      return x | y;
    default:
      return x ^ y;
  }
}
void redux(Warp& w, const Inst& i, u32 m) {
  const u32* a = reg<u32>(w, i.a);
  u32 result = a[first_lane(m)];
  for_lanes(m & (m - 1), [&](int l) { result = reduce(i.sub, i.ty == Type::S32, result, a[l]); });
  each_lane(reg<u32>(w, i.d), m, [&](int) { return result; });
}
void decode_redux(InstDecoder& d) {
  require_sync(d);
  const int op = d.index_of({"add", "min", "max", "and", "or", "xor"});
  if (op < 0) d.bad("operation");
  d.i.sub = static_cast<u8>(op);
  d.i.ty = d.type();
  if (d.i.ty == Type::F32) d.bad("type");
  d.i.d = d.dst(0, Type::B32);
  d.i.a = d.src(1, Type::B32);
  warp_synchronous(d, 2, redux);
}

// ---- activemask, elect ----
void activemask(Warp& w, const Inst& i, u32 m) {
  each_lane(reg<u32>(w, i.d), m, [&](int) { return m; });
}
void decode_activemask(InstDecoder& d) {
  d.type();
  d.i.d = d.dst(0, Type::B32);
  d.i.fn = activemask;
}

void elect(Warp& w, const Inst& i, u32 m) {
  const u32 leader = first_lane(m);
  each_lane(reg<u32>(w, i.d), m, [&](int) { return leader; });
  set_predicate(predicate(w, i.e), m, 1u << leader);
}
void decode_elect(InstDecoder& d) {
  require_sync(d);
  d.i.d = d.dst(0, Type::B32);
  d.i.e = d.second_predicate_dst(d.op(0));
  d.i.mask = d.src(1, Type::B32);
  d.i.ctl = Control::WarpSync;
  d.i.fn = elect;
}

PTX_OP("vote", decode_vote);
PTX_OP("match", decode_match);
PTX_OP("redux", decode_redux);
PTX_OP("activemask", decode_activemask);
PTX_OP("elect", decode_elect);

}  // namespace
}  // namespace convoy::vgpu
