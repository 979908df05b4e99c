// shfl.sync. The block runner has brought the lanes of the member mask together.
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

constexpr u32 kUndefined = 0xffffffff;  // what a lane reads from one outside the mask: NaN in every float format

enum Mode : u8 { kIdx, kBfly, kDown, kUp };

struct Source {
  int lane;
  bool in_range;
};
// After the pseudocode of the PTX ISA; c holds the clamp in bits 0-4 and the segment mask in bits 8-12.
Source source_of(u8 mode, int lane, u32 b, u32 c) {
  const int delta = b & 31, clamp = c & 31, segment = c >> 8 & 31;
  const int max_lane = (lane & segment) | (clamp & ~segment), min_lane = lane & segment;
  switch (mode) {
    case kIdx: {
      const int source = min_lane | (delta & ~segment);
      return {source, source <= max_lane};
    }
    case kBfly:
      return {lane ^ delta, (lane ^ delta) <= max_lane};
    case kDown:
      return {lane + delta, lane + delta <= max_lane};
    default:
      return {lane - delta, lane - delta >= max_lane};
  }
}

// a: value, b: lane or distance, c: clamp and segment; f1: predicate e says whether the source was in range.
void shfl(Warp& w, const Inst& i, u32 m) {
  alignas(64) u32 result[kLanes];
  const u32 *a = reg<u32>(w, i.a), *b = reg<u32>(w, i.b), *c = reg<u32>(w, i.c);
  u32 in_range = 0;
  for (int l = 0; l < kLanes; ++l) {
    const Source source = source_of(i.sub, l, b[l], c[l]);
    const int from = source.in_range ? source.lane : l;
    in_range |= static_cast<u32>(source.in_range) << l;
    result[l] = m >> from & 1 ? a[from] : kUndefined;
    if (m >> l & 1 && !(w.live() >> from & 1))
      fault(kLaunchFailure, "shuffle reads lane " + std::to_string(from) + ", which has exited or never was", l);
  }
  u32* d = reg<u32>(w, i.d);
  each_lane(d, m, [&](int l) { return result[l]; });
  if (i.f1) set_predicate(predicate(w, i.e), m, in_range);
}

void decode_shfl(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("sync")) d.bad("shfl without .sync");
  const int mode = d.index_of({"idx", "bfly", "down", "up"});
  if (mode < 0) d.bad("mode");
  i.sub = static_cast<u8>(mode);
  d.type();
  i.d = d.dst(0, Type::B32);
  i.f1 = d.has_second_dst(d.op(0));
  i.e = d.second_predicate_dst(d.op(0));
  i.a = d.src(1, Type::B32);
  i.b = d.src(2, Type::B32);
  i.c = d.src(3, Type::B32);
  i.mask = d.src(4, Type::B32);
  i.ctl = Control::WarpSync;
  i.cls = kShuffle;
  i.fn = shfl;
}

PTX_OP("shfl", decode_shfl);

}  // namespace
}  // namespace convoy::vgpu
