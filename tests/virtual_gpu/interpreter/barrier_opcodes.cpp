// bar and barrier (the block runner carries them out), nanosleep, and hints that change nothing here.
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

constexpr u64 kNanosleepSpins = 1024;  // as many loop iterations without progress as a sleep counts for

void nothing(Warp&, const Inst&, u32) {}

void decode_warp_barrier(InstDecoder& d) {
  if (!d.has("sync")) d.bad("form");
  d.i.ctl = Control::WarpBarrier;
  d.i.mask = d.src(0, Type::B32);
}

// Every cluster is one block: waiting for it is a barrier of the block.
void decode_cluster_barrier(InstDecoder& d) {
  for (const char* order : {"release", "relaxed", "acquire"}) d.has(order);
  if (d.has("arrive")) {
    d.i.fn = nothing;
    d.i.cls = 0;
    return;
  }
  if (!d.has("wait")) d.bad("form");
  d.i.a = d.constant(0, 4);
  d.i.ctl = Control::Barrier;
}

// a: barrier number; f1: b threads take part. sub: 1 popc, 2 and, 3 or of the predicate c (negated: f2) into d.
void decode_block_barrier(InstDecoder& d, bool aligned) {
  Inst& i = d.i;
  const int form = d.index_of({"sync", "arrive", "red"});
  if (form < 0) d.bad("form");
  const bool is_arrive = form == 1, is_reduction = form == 2;
  i.ctl = is_arrive ? Control::BarrierArrive : Control::Barrier;
  i.aligned = aligned;
  size_t first = 0, end = d.n();
  if (is_reduction) {
    i.sub = static_cast<u8>(d.index_of({"popc", "and", "or"}) + 1);
    if (!i.sub) d.bad("reduction");
    const Type t = d.type();
    i.d = t == Type::Pred ? d.predicate_dst(d.op(0)) : d.dst(0, t);
    i.c = d.predicate_src(d.r.ops.back(), i.f2);
    first = 1;
    --end;
  }
  i.a = d.src(static_cast<int>(first), Type::U32);
  i.f1 = first + 1 < end;
  if (i.f1) i.b = d.src(static_cast<int>(first) + 1, Type::U32);
  if (is_arrive && !i.f1) d.bad("arrival without a thread count");
}

template <bool ALWAYS_ALIGNED>
void decode_barrier(InstDecoder& d) {
  d.i.cls = kBarrier;
  d.has("cta");
  const bool aligned = d.has("aligned") || ALWAYS_ALIGNED;
  if (d.has("warp")) return decode_warp_barrier(d);
  if (d.has("cluster")) return decode_cluster_barrier(d);
  decode_block_barrier(d, aligned);
}

void pause(Warp& w, const Inst&, u32) { w.spins += kNanosleepSpins; }
void decode_nanosleep(InstDecoder& d) {
  d.type();
  d.i.fn = pause;
}

void decode_hint(InstDecoder& d) {
  for (const char* word : {"wait", "launch_dependents", "inc", "dec", "sync", "aligned", "mask"}) d.has(word);
  if (d.next_is_type()) d.type();
  d.i.fn = nothing;
}

PTX_OP("bar", decode_barrier<true>);
PTX_OP("barrier", decode_barrier<false>);
PTX_OP("nanosleep", decode_nanosleep);
PTX_OP("pmevent", decode_hint);
PTX_OP("griddepcontrol", decode_hint);  // a launch here starts only when the one before it has ended
PTX_OP("setmaxnreg", decode_hint);

}  // namespace
}  // namespace convoy::vgpu
