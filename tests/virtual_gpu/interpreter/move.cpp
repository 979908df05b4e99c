// mov: registers, predicates, clocks, and vectors packed into a register or taken apart.
#include <time.h>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

template <class S>
void mov(Warp& w, const Inst& i, u32 m) {
  const S* a = reg<S>(w, i.a);
  each_lane(reg<S>(w, i.d), m, [&](int l) { return a[l]; });
}

// ---- predicates: from predicate a, negated if f1 ----
void mov_predicate(Warp& w, const Inst& i, u32 m) {
  const u32 a = predicate(w, i.a);
  set_predicate(predicate(w, i.d), m, i.f1 ? ~a : a);
}
void decode_predicate(InstDecoder& d) {
  d.i.d = d.predicate_dst(d.op(0));
  d.i.a = d.predicate_src(d.op(1), d.i.f1);
  d.i.fn = mov_predicate;
}

// ---- clocks: of the processor (cycles) or of the wall (ns) ----
struct Clock {
  const char* name;
  bool is_wall, is_upper_half;
};
constexpr Clock kClocks[] = {{"%clock", false, false},        {"%clock_hi", false, true},
                             {"%clock64", false, false},      {"%globaltimer_lo", true, false},
                             {"%globaltimer_hi", true, true}, {"%globaltimer", true, false}};
constexpr u64 kNanosecondsPerSecond = 1000000000;

void mov_clock(Warp& w, const Inst& i, u32 m) {  // f1: of the wall, f2: bits 32 to 63
  u64 now = __builtin_ia32_rdtsc();
  if (i.f1) {
    timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    now = static_cast<u64>(t.tv_sec) * kNanosecondsPerSecond + t.tv_nsec;
  }
  if (i.f2) now >>= 32;
  if (i.wide == 8)
    each_lane(reg<u64>(w, i.d), m, [&](int) { return now; });
  else
    each_lane(reg<u32>(w, i.d), m, [&](int) { return static_cast<u32>(now); });
}
bool decode_clock(InstDecoder& d) {
  for (const Clock& clock : kClocks) {
    if (d.op(1).name != clock.name) continue;
    d.i.f1 = clock.is_wall;
    d.i.f2 = clock.is_upper_half;
    d.i.d = d.dst(0, d.i.ty);
    d.i.fn = mov_clock;
    return true;
  }
  return false;
}

// ---- vectors: v has vec elements in lanes of `size` bytes; the register has `wide` bytes ----
u64 low_bits(int count) { return count == 64 ? ~0ull : (1ull << count) - 1; }

template <class S>
void pack_pair(Warp& w, const Inst& i, u32 m) {  // two halves of the register, each in a 32-bit lane
  constexpr int kBits = 4 * sizeof(S);
  const u32 *low = reg<u32>(w, i.v[0]), *high = reg<u32>(w, i.v[1]);
  const S keep = static_cast<S>(low_bits(kBits));
  each_lane(reg<S>(w, i.d), m, [&](int l) { return (low[l] & keep) | (static_cast<S>(high[l]) & keep) << kBits; });
}
void pack_many(Warp& w, const Inst& i, u32 m) {
  const int bits = i.wide * 8 / i.vec;
  for_lanes(m, [&](int l) {
    u64 packed = 0;
    for (int k = 0; k < i.vec; ++k) {
      const u64 element = i.size == 8 ? reg<u64>(w, i.v[k])[l] : reg<u32>(w, i.v[k])[l];
      packed |= (element & low_bits(bits)) << (bits * k);
    }
    if (i.wide == 8)
      reg<u64>(w, i.d)[l] = packed;
    else
      reg<u32>(w, i.d)[l] = static_cast<u32>(packed);
  });
}
void unpack(Warp& w, const Inst& i, u32 m) {
  const int bits = i.wide * 8 / i.vec;
  alignas(64) u64 whole[kLanes];  // a copy: the source may be a destination
  if (i.wide == 8)
    memcpy(whole, reg<u64>(w, i.a), sizeof whole);
  else
    for (int l = 0; l < kLanes; ++l) whole[l] = reg<u32>(w, i.a)[l];
  for (int k = 0; k < i.vec; ++k) {
    const int shift = bits * k;
    if (i.size == 8)
      each_lane(reg<u64>(w, i.v[k]), m, [&](int l) { return whole[l]; });
    else
      each_lane(reg<u32>(w, i.v[k]), m, [&](int l) { return static_cast<u32>(whole[l] >> shift & low_bits(bits)); });
  }
}
void decode_vector(InstDecoder& d) {
  Inst& i = d.i;
  const bool packs = d.op(1).kind == ParsedOperand::Vec;
  const ParsedOperand& vector = packs ? d.op(1) : d.op(0);
  i.vec = static_cast<u8>(vector.v.size());
  i.wide = static_cast<u8>(type_size(i.ty));
  const int element_bytes = i.wide / i.vec;
  if (element_bytes < 2) d.bad("byte vectors");
  const Type element = element_bytes == 8 ? Type::B64 : element_bytes == 4 ? Type::B32 : Type::B16;
  i.size = element_bytes == 8 ? 8 : 4;
  i.v = d.vec(vector, element, !packs);
  if (!packs) {
    i.a = d.src(1, i.ty);
    i.fn = unpack;
    return;
  }
  i.d = d.dst(0, i.ty);
  i.fn = i.vec != 2 ? pack_many : i.wide == 8 ? pack_pair<u64> : pack_pair<u32>;
}

void decode_mov(InstDecoder& d) {
  Inst& i = d.i;
  i.ty = d.type();
  if (i.ty == Type::B128) d.bad("128-bit registers");
  if (i.ty == Type::Pred) return decode_predicate(d);
  i.wide = static_cast<u8>(type_size(i.ty) == 8 ? 8 : 4);
  if (d.op(1).kind == ParsedOperand::Special && decode_clock(d)) return;
  if (d.op(0).kind == ParsedOperand::Vec || d.op(1).kind == ParsedOperand::Vec) return decode_vector(d);
  i.d = d.dst(0, i.ty);
  i.a = d.src(1, i.ty);
  i.fn = i.wide == 8 ? mov<u64> : mov<u32>;
}

PTX_OP("mov", decode_mov);

}  // namespace
}  // namespace convoy::vgpu
