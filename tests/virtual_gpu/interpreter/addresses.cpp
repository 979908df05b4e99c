// cvta, isspacep, createpolicy, and addresses within a cluster (of one block).
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

u64 window_of(Space space) {
  switch (space) {
    case Space::Shared:
      return kSharedWin;
    case Space::Local:
      return kLocalWin;
    case Space::Param:
      return kParamWin;
    default:
      return 0;
  }
}
Space decode_space(InstDecoder& d) {
  if (d.has("shared") || d.has("shared::cta") || d.has("shared::cluster")) return Space::Shared;
  if (d.has("global")) return Space::Global;
  if (d.has("local")) return Space::Local;
  if (d.has("const")) return Space::Const;
  if (d.has("param") || d.has("param::entry")) return Space::Param;
  d.bad("state space");
}

// imm: the window's bits; f1: from generic to the space.
void cvta(Warp& w, const Inst& i, u32 m) {
  const u64* a = reg<u64>(w, i.a);
  const u64 window = static_cast<u64>(i.imm), keep = i.f1 && window ? ~kWinMask : ~0ull;
  const u64 add = i.f1 ? 0 : window;
  each_lane(reg<u64>(w, i.d), m, [&](int l) { return (a[l] & keep) | add; });
}
void decode_cvta(InstDecoder& d) {
  d.i.f1 = d.has("to");
  d.i.imm = static_cast<i64>(window_of(decode_space(d)));
  const Type t = d.type();
  if (type_size(t) != 8) d.bad("32-bit generic addresses");
  d.operands(t, 1);
  d.i.fn = cvta;
}

void isspacep(Warp& w, const Inst& i, u32 m) {
  const u64* a = reg<u64>(w, i.a);
  const u64 window = static_cast<u64>(i.imm);
  set_predicate(predicate(w, i.d), m, mask_of([&](int l) { return (a[l] & kWinMask) == window; }));
}
void decode_isspacep(InstDecoder& d) {
  d.i.imm = static_cast<i64>(window_of(decode_space(d)));
  d.i.d = d.predicate_dst(d.op(0));
  d.i.a = d.src(1, Type::U64);
  d.i.fn = isspacep;
}

// ---- a cluster is one block: every shared address is the block's own ----
void decode_mapa(InstDecoder& d) {
  if (!d.has("shared::cluster")) d.bad("mapa of generic addresses");
  const Type t = d.type();
  d.i.d = d.dst(0, t);
  d.i.a = d.src(1, t);
  d.src(2, Type::U32);  // the rank in the cluster can only be 0
  d.i.imm = 0;
  d.i.fn = [](Warp& w, const Inst& i, u32 m) {
    const u32* a = reg<u32>(w, i.a);
    each_lane(reg<u32>(w, i.d), m, [&](int l) { return a[l]; });
  };
  if (type_size(t) == 8) d.i.fn = cvta;
}

// ---- cache policies have no effect here; the register only has to hold something ----
constexpr u64 kPolicy = 0x12f0000000000000;  // as a fractional evict_first policy looks on a device

void createpolicy(Warp& w, const Inst& i, u32 m) {
  each_lane(reg<u64>(w, i.d), m, [&](int) { return kPolicy; });
}
void decode_createpolicy(InstDecoder& d) {
  if (d.one_of({"fractional", "range", "cvt"}).empty()) d.bad("form");
  d.has("global");
  d.has("L2");
  while (d.has_prefix("L2::")) {
  }
  if (d.type() != Type::B64) d.bad("type");
  d.i.d = d.dst(0, Type::B64);
  d.i.fn = createpolicy;
}

PTX_OP("cvta", decode_cvta);
PTX_OP("isspacep", decode_isspacep);
PTX_OP("mapa", decode_mapa);
PTX_OP("createpolicy", decode_createpolicy);

}  // namespace
}  // namespace convoy::vgpu
