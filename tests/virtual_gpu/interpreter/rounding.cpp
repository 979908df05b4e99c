#include "tests/virtual_gpu/interpreter/rounding.h"

#include <algorithm>

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

constexpr u32 kMxcsrRounding = 0x6000;
constexpr u32 kMxcsrMode[] = {0, 0x6000, 0x2000, 0x4000};  // by Rounding: rn, rz, rm, rp

void with_rounding(Warp& w, const Inst& i, u32 m) {
  const u32 before = _mm_getcsr();
  _mm_setcsr((before & ~kMxcsrRounding) | kMxcsrMode[i.sub]);
  i.inner(w, i, m);
  _mm_setcsr(before);
}

}  // namespace

void decode_rounding(InstDecoder& d) {
  const int mode = d.index_of({"rn", "rz", "rm", "rp"});
  d.i.sub = static_cast<u8>(std::max(mode, static_cast<int>(kRn)));
}

void apply_rounding(Inst& i) {
  if (i.sub == kRn) return;
  i.inner = i.fn;
  i.fn = with_rounding;
}

}  // namespace convoy::vgpu
