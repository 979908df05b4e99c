// memory.cpp - loads, stores, atomics, asynchronous copies, and every check on an address.
#include <algorithm>
#include <cstdio>
#include <mutex>
#include <set>
#include <tuple>
#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
// ---- checks on shared memory -----------------------------------------------------------------------------
static std::string sharedName(const Block& b, u32 off) {
  const SharedVar* best = nullptr;
  for (auto& v : b.prog->shared_vars)
    if (off >= v.off && (!best || v.off >= best->off)) best = &v;
  if (best && off < best->off + std::max<u32>(best->size, 1))
    return demangle(best->name) + " + " + std::to_string(off - best->off);
  if (b.cfg->dyn_shared && off >= b.prog->dyn_offset && off < b.shared_bytes)
    return "dynamic shared memory + " + std::to_string(off - b.prog->dyn_offset);
  return best ? std::to_string(off - best->off - best->size) + " bytes after the end of " + demangle(best->name)
              : "before the first variable";
}
static void sharedBounds(Warp& w, int lane, u32 off, u32 bytes) {
  Block& b = *w.blk;
  if (off & (bytes - 1))
    fault(716, "misaligned shared address " + hex(off) + " for a " + std::to_string(bytes) + "-byte access", lane);
  if (off < kSharedBase || (u64)off + bytes > b.shared_bytes)
    fault(700,
          "shared address " + hex(off) + " (" + std::to_string(bytes) + " bytes) is outside the block's " +
              std::to_string(b.shared_bytes - kSharedBase) + " bytes: " + sharedName(b, off),
          lane);
  for (u32 k = off / 4; k <= (off + bytes - 1) / 4; ++k)
    if (b.redzone[k - kSharedBase / 4])
      fault(700, "shared address " + hex(off) + " is between variables (overflow): " + sharedName(b, off), lane);
}
u8* shared_ptr(Warp& w, const Inst&, int lane, u32 off, u32 bytes) {
  sharedBounds(w, lane, off, bytes);
  return w.blk->shared.data() + off - kSharedBase;
}

// An access at time `stamp` by thread `prev` is ordered before the current one by `cur` when both took part in a later
// synchronisation: a barrier across warps, __syncwarp within one.
static bool ordered(const Block& b, u32 stamp, u32 prev, u32 cur) {
  if (stamp < b.full_stamp || prev == cur) return true;
  if (prev / 32 == cur / 32) return b.warp_sync_stamp[prev] > stamp && b.warp_sync_stamp[cur] > stamp;
  return b.barrier_stamp[prev / 32] > stamp && b.barrier_stamp[cur / 32] > stamp;
}
// A race is a fault, or with VGPU_RACEWARN=1 a message, once per pair of instructions.
static void raceFault(Warp& w, int lane, u32 off, const char* kind, u32 other, u32 inst) {
  const Block& b = *w.blk;
  const Inst& p = b.prog->code[inst];
  u32 bx = b.cfg->block[0], by = b.cfg->block[1];
  if (settings().race_warn) {
    static std::mutex m;
    static auto& seen = *new std::set<std::tuple<const Program*, u32, u32>>;
    std::lock_guard lk(m);
    if (!seen.insert({b.prog, b.current, inst}).second) return;
  }
  DeviceFault f{719,
                std::string("shared memory race (") + kind + ") at " + sharedName(b, off) + ": thread (" +
                    std::to_string(other % bx) + "," + std::to_string(other / bx % by) + "," +
                    std::to_string(other / bx / by) + ") accessed it with no barrier in between, at PTX line " +
                    std::to_string(p.raw->line) + " '" + p.raw->text + "'" +
                    (p.raw->src_line ? ", source line " + std::to_string(p.raw->src_line) : ""),
                lane};
  if (!settings().race_warn) throw f;
  fputs(fault_report(b, f).c_str(), stderr);
}
// multi_read: 1 = several readers in one warp, 2 = in several warps, since the last write
static void raceCell(Warp& w, ShadowWord& s, const Inst& i, int lane, u32 off, u32 t, bool write, bool atomic,
                     bool sameValue) {
  Block& b = *w.blk;
  if (s.write_stamp >= b.full_stamp && s.write_thread != t && !(atomic && s.write_atomic) &&
      !ordered(b, s.write_stamp, s.write_thread, t) && !(write && sameValue))
    raceFault(w, lane, off, write ? "write after write" : "read after write", s.write_thread, s.write_inst);
  bool readsLive = s.read_stamp >= b.full_stamp && s.read_stamp != 0;
  if (readsLive && s.multi_read == 2 && b.barrier_stamp[t / 32] > s.read_stamp) readsLive = false;
  if (readsLive && s.multi_read == 1 && s.read_thread / 32 == t / 32 && b.warp_sync_stamp[t] > s.read_stamp)
    readsLive = false;
  if (write) {
    if (readsLive && !sameValue &&
        (s.multi_read == 2 || (s.multi_read == 1 && s.read_thread / 32 == t / 32) ||
         !ordered(b, s.read_stamp, s.read_thread, t)))
      raceFault(w, lane, off, "write after read", s.read_thread, s.read_inst);
    s.write_stamp = b.stamp;
    s.write_thread = t;
    s.write_inst = i.idx;
    s.write_atomic = atomic;
    s.read_stamp = 0;
    s.multi_read = 0;
  } else {
    if (!readsLive)
      s.multi_read = 0;
    else if (s.read_thread != t && !ordered(b, s.read_stamp, s.read_thread, t))
      s.multi_read = std::max<u8>(s.multi_read, s.read_thread / 32 == t / 32 ? 1 : 2);
    s.read_stamp = b.stamp;
    s.read_thread = t;
    s.read_inst = i.idx;
  }
}
// The common cases, without looking at who synchronised with whom; false: take the long way.
static inline bool raceFast(const Block& b, ShadowWord& s, u32 inst, u32 t, bool write, bool atomic) {
  const u32 full = b.full_stamp, now = b.stamp;
  if (s.half || (s.write_stamp >= full && s.write_thread != t)) return false;
  if (write) {
    if (s.read_stamp >= full && (s.read_thread != t || s.multi_read)) return false;
    s.write_stamp = now;
    s.write_thread = t;
    s.write_inst = inst;
    s.write_atomic = atomic;
    s.read_stamp = 0;
    s.multi_read = 0;
    return true;
  }
  if (s.read_stamp < full) {
    s.multi_read = 0;
    s.read_stamp = now;
    s.read_thread = t;
    s.read_inst = inst;
    return true;
  }
  if (s.read_stamp != now) return false;
  if (s.read_thread != t && s.multi_read != 2) s.multi_read = s.read_thread / 32 == t / 32 ? 1 : 2;
  return true;
}
void race_access(Warp& w, const Inst& i, int lane, u32 off, u32 bytes, bool write, bool atomic, const void* new_data) {
  Block& b = *w.blk;
  if (!b.race || bytes < 2) return;
  u32 t = w.id * 32 + lane, rel = off - kSharedBase;
  const u8* mem = b.shared.data() + rel;
  if (bytes == 2) {  // halves of a word are tracked on their own
    ShadowWord& word = b.shadow[rel / 4];
    bool same = write && new_data && !memcmp(mem, new_data, 2);
    raceCell(w, b.shadow_half[rel / 2], i, lane, off, t, write, atomic, same);
    word.half = 1;
    word.half_stamp = b.stamp;
    // check against whole-word accesses, without recording this one as a whole-word access
    ShadowWord copy = word;
    raceCell(w, copy, i, lane, off, t, write, atomic, same);
    return;
  }
  for (u32 k = 0; k < bytes / 4; ++k) {
    ShadowWord& s = b.shadow[rel / 4 + k];
    if (raceFast(b, s, i.idx, t, write, atomic)) continue;
    bool same = write && new_data && !memcmp(mem + 4 * k, (const u8*)new_data + 4 * k, 4);
    if (s.half) {
      if (s.half_stamp >= b.full_stamp)
        for (u32 h = 0; h < 2; ++h) {
          ShadowWord copy = b.shadow_half[rel / 2 + 2 * k + h];
          raceCell(w, copy, i, lane, off + 4 * k, t, write, atomic, same);
        }
      else
        s.half = 0;
    }
    raceCell(w, s, i, lane, off + 4 * k, t, write, atomic, same);
  }
}

namespace {
// ---- global addresses --------------------------------------------------------------------------------------
[[noreturn]] void badGlobal(u64 a, u32 bytes, int lane, const char* what) {
  fault(700,
        std::string(what) + " of " + std::to_string(bytes) + " bytes at " + hex(a) + ": " +
            DeviceMemory::get().describe(a, bytes),
        lane);
}
// Turns the addresses of the lanes of m into host pointers (in place); inactive lanes get a valid one too.
void resolveGlobal(Warp& w, const Inst& i, u32 m, u64* a, u32 bytes, const char* what) {
  Block& b = *w.blk;
  AccessCache& c = b.cache[i.idx];
  u64 first = a[__builtin_ctz(m)];
  if (m != ~0u)
    for (int l = 0; l < 32; ++l) a[l] = m >> l & 1 ? a[l] : first;
  u64 lo = ~0ull, hi = 0, bits = 0;
  for (int l = 0; l < 32; ++l) {
    lo = std::min(lo, a[l]);
    hi = std::max(hi, a[l]);
    bits |= a[l];
  }
  if (bits & (bytes - 1))
    for_lanes(m, [&](int l) {
      if (a[l] & (bytes - 1))
        fault(716, "misaligned address " + hex(a[l]) + " for a " + std::to_string(bytes) + "-byte access", l);
    });
  if (lo >= c.lo && hi + bytes <= c.hi) {
    i64 d = c.delta;
    for (int l = 0; l < 32; ++l) a[l] += d;
    return;
  }
  for (int l = 0; l < 32; ++l) {
    if (!(a[l] >= c.lo && a[l] + bytes <= c.hi)) {
      const auto range = DeviceMemory::get().range_at(a[l]);
      if (!range || a[l] + bytes > range->end) badGlobal(a[l], bytes, l, what);
      c.lo = range->begin;
      c.hi = range->end;
      c.delta = range->to_host;
    }
    a[l] += c.delta;
  }
}
// Race detection between blocks (VGPU_RACECHECK=2): two u64 per word: last write, last read = launch:24 block:24
// thread:12 flags:4
void race_global(Warp& w, const Inst& i, u32 m, const u64* dev, u32 bytes, bool write, bool atomic) {
  Block& b = *w.blk;
  DeviceMemory& mem = DeviceMemory::get();
  for_lanes(m, [&](int l) {
    if (!mem.contains(dev[l]) || bytes < 4) return;
    u64* s = mem.race_shadow(dev[l]);
    u64 me = (b.cfg->grid_id & 0xffffff) << 40 | (b.linear & 0xffffff) << 16 | (u64)(w.id * 32 + l) << 4 |
             (atomic ? 1 : 0) | 2;
    for (u32 k = 0; k < bytes / 4; ++k, s += 2) {
      auto clash = [&](u64 o) {
        return o && o >> 40 == me >> 40 && (o >> 16 & 0xffffff) != (me >> 16 & 0xffffff) && !(atomic && (o & 1));
      };
      u64 bad = clash(s[0]) ? s[0] : write && clash(s[1]) ? s[1] : 0;
      if (bad)
        fault(719,
              "global memory race between blocks at " + hex(dev[l] + 4 * k) + ": also accessed by block " +
                  std::to_string(bad >> 16 & 0xffffff) + ", thread " + std::to_string(bad >> 4 & 0xfff) +
                  " in this launch",
              l);
      s[write ? 0 : 1] = me;
    }
  });
  (void)i;
}

// ---- statistics --------------------------------------------------------------------------------------------
u32 countSectors(u32 m, const u64* a, u32 bytes) {
  u64 s[64];
  int n = 0;
  for_lanes(m, [&](int l) {
    s[n++] = a[l] >> 5;
    if (bytes > 1 && (a[l] + bytes - 1) >> 5 != a[l] >> 5) s[n++] = (a[l] + bytes - 1) >> 5;
  });
  std::sort(s, s + n);
  return (u32)(std::unique(s, s + n) - s);
}
void countGlobal(Warp& w, u32 m, const u64* a, u32 bytes, bool write) {
  Counters& c = *w.blk->prof;
  u64 n = __builtin_popcount(m), sec = countSectors(m, a, bytes);
  (write ? c.st_bytes : c.ld_bytes) += n * bytes;
  (write ? c.st_sectors : c.ld_sectors) += sec;
  ++(write ? c.st_req : c.ld_req);
  ++(bytes >= 16 ? c.vec128 : bytes == 8 ? c.vec64 : c.narrow);
}
}  // namespace
// Wavefronts of a shared access beyond the least possible. Wide accesses are served in halves/quarters of the warp.
void count_shared(Warp& w, u32 m, const u32* off, u32 bytes) {
  Counters& c = *w.blk->prof;
  ++c.shared_req;
  u32 lanesPer = bytes >= 16 ? 8 : bytes == 8 ? 16 : 32;
  for (u32 base = 0; base < 32; base += lanesPer) {
    u32 words[32][32];
    u8 n[32] = {};
    u32 worst = 0;
    for (u32 l = base; l < base + lanesPer; ++l)
      if (m >> l & 1)
        for (u32 k = 0; k < std::max(1u, bytes / 4); ++k) {
          u32 wd = off[l] / 4 + k, bank = wd & 31;
          bool seen = false;
          for (u32 q = 0; q < n[bank]; ++q) seen |= words[bank][q] == wd;
          if (!seen) {
            words[bank][n[bank]++] = wd;
            worst = std::max<u32>(worst, n[bank]);
          }
        }
    if (worst > 1) c.bank_replays += worst - 1;
  }
}
namespace {
// ---- addresses of an instruction -----------------------------------------------------------------------------
inline void gatherAddr(Warp& w, const Inst& i, u64* a) {
  if (i.wide == 8) {
    const u64* b = reg<u64>(w, i.a);
    for (int l = 0; l < 32; ++l) a[l] = b[l] + i.imm;
  } else {
    const u32* b = reg<u32>(w, i.a);
    for (int l = 0; l < 32; ++l) a[l] = (u32)(b[l] + i.imm);
  }
}
inline u8* localPtr(Warp& w, int l, u64 off, u32 bytes) {
  if (off & (bytes - 1)) fault(716, "misaligned local address " + hex(off), l);
  if (off + bytes > w.local_stride)
    fault(700, "local address " + hex(off) + " is outside the thread's " + std::to_string(w.local_stride) + " bytes",
          l);
  return w.local + (u64)l * w.local_stride + off;
}
// Host pointers for all active lanes; inactive lanes get a pointer to scratch.
alignas(64) thread_local u8 scratchMem[64];
template <bool WRITE>
void resolve(Warp& w, const Inst& i, u32 m, u64* a, u32 bytes, bool atomic, const u8 (*data)[32]) {
  gatherAddr(w, i, a);
  Block& b = *w.blk;
  Space sp = i.space;
  if (sp == Space::Generic) {
    u64 win = 0;
    bool mixed = false;
    for_lanes(m, [&](int l) { win |= a[l] & kWinMask; });
    for_lanes(m, [&](int l) { mixed |= (a[l] & kWinMask) != win; });
    if (!mixed && !win)
      sp = Space::Global;
    else if (!mixed && win == kSharedWin) {
      sp = Space::Shared;
      for (int l = 0; l < 32; ++l) a[l] &= ~kWinMask;
    } else {  // rare: local or mixed
      for_lanes(m, [&](int l) {
        u64 x = a[l], k = x & kWinMask;
        x &= ~kWinMask;
        if (k == kLocalWin)
          a[l] = (u64)localPtr(w, l, x, bytes);
        else if (k == kSharedWin) {
          sharedBounds(w, l, (u32)std::min<u64>(x, ~0u), bytes);
          race_access(w, i, l, (u32)x, bytes, WRITE, atomic, data ? data[l] : nullptr);
          a[l] = (u64)(b.shared.data() + x - kSharedBase);
        } else if (k == kParamWin) {
          if (WRITE || x + bytes > b.cfg->params.size()) fault(700, "bad parameter address", l);
          a[l] = (u64)(b.cfg->params.data() + x);
        } else if (!k) {
          if (x & (bytes - 1)) fault(716, "misaligned address " + hex(x), l);
          const auto range = DeviceMemory::get().range_at(x);
          if (!range || x + bytes > range->end) badGlobal(x, bytes, l, WRITE ? "write" : "read");
          a[l] = x + range->to_host;
        } else
          fault(700, "address " + hex(a[l]) + " is in no address space", l);
      });
      for (int l = 0; l < 32; ++l)
        if (!(m >> l & 1)) a[l] = (u64)scratchMem;
      return;
    }
  }
  switch (sp) {
    case Space::Global:
    case Space::Const: {
      if (b.prof) {
        if (i.cls & kAsync) {
          b.prof->async_bytes += (u64)__builtin_popcount(m) * bytes;
          b.prof->async_sectors += countSectors(m, a, bytes);
          ++(bytes >= 16 ? b.prof->vec128 : b.prof->narrow);
        } else if (sp == Space::Global)
          countGlobal(w, m, a, bytes, WRITE);
      }
      if (b.race_global) race_global(w, i, m, a, bytes, WRITE, atomic);
      resolveGlobal(w, i, m, a, bytes, WRITE ? "write" : "read");
      return;
    }
    case Space::Shared: {
      u32 off[32];
      for (int l = 0; l < 32; ++l) off[l] = (u32)std::min<u64>(a[l], ~0u);
      if (b.prof) count_shared(w, m, off, bytes);
      u32 lo = ~0u, hi = 0, low = 0;
      for (int l = 0; l < 32; ++l) {
        u32 x = m >> l & 1 ? off[l] : off[__builtin_ctz(m)];
        lo = std::min(lo, x);
        hi = std::max(hi, x);
        low |= x;
      }
      bool plain = !(low & (bytes - 1)) && lo >= kSharedBase && (u64)hi + bytes <= b.shared_bytes;
      if (plain && lo < b.prog->dyn_offset) {
        const u8* rz = b.redzone.data() - kSharedBase / 4;
        u8 red = 0;
        for_lanes(m, [&](int l) {
          red |= rz[off[l] / 4];
          if (bytes > 4) red |= rz[(off[l] + bytes - 1) / 4];
        });
        plain = !red;
      }
      if (!plain) for_lanes(m, [&](int l) { sharedBounds(w, l, off[l], bytes); });
      if (b.race)
        for_lanes(m, [&](int l) {
          race_access(w, i, l, off[l], bytes, WRITE, atomic, data ? data[l] : nullptr);
          if (WRITE && data) memcpy(b.shared.data() + off[l] - kSharedBase, data[l], bytes);
        });
      u8* base = b.shared.data() - kSharedBase;
      for (int l = 0; l < 32; ++l) a[l] = m >> l & 1 ? (u64)(base + off[l]) : (u64)scratchMem;
      return;
    }
    case Space::Local:
      if (b.prof) ++b.prof->local_req;
      for_lanes(m, [&](int l) { a[l] = (u64)localPtr(w, l, a[l], bytes); });
      for (int l = 0; l < 32; ++l)
        if (!(m >> l & 1)) a[l] = (u64)scratchMem;
      return;
    default:  // kernel parameters
      for (int l = 0; l < 32; ++l) {
        if (!(m >> l & 1)) {
          a[l] = (u64)scratchMem;
          continue;
        }
        if (WRITE || a[l] + bytes > b.cfg->params.size())
          fault(700, "parameter offset " + hex(a[l]) + " is out of range", l);
        a[l] = (u64)(b.cfg->params.data() + a[l]);
      }
  }
}

// ---- ld / st -------------------------------------------------------------------------------------------------
template <class T, class D>
inline typename LaneStorage<D>::type widen(T v) {
  return (typename LaneStorage<D>::type)(D)v;
}
// T: element in memory (signed types sign-extend); D: i32/u32 or i64/u64 lane
template <class T, class D>
void ld(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<D>::type;
  alignas(64) u64 a[32];
  resolve<false>(w, i, m, a, i.vec * sizeof(T), i.f1, nullptr);
  if (i.f1) w.spins += 64;  // volatile or acquire: perhaps polling
  if (i.vec == 1) {
    S* d = reg<S>(w, i.d);
    if constexpr (sizeof(T) == sizeof(S)) {  // contiguous: one copy
      if (m == ~0u) {
        bool line = true;
        for (int l = 0; l < 32; ++l) line &= a[l] == a[0] + l * sizeof(T);
        if (line) {
          memcpy(d, (void*)a[0], 32 * sizeof(T));
          return;
        }
      }
    }
    each_lane(d, m, [&](int l) { return widen<T, D>(*(const T*)a[l]); });
    return;
  }
  for (int k = 0; k < i.vec; ++k) {
    S* d = reg<S>(w, i.v[k]);
    each_lane(d, m, [&](int l) { return widen<T, D>(((const T*)a[l])[k]); });
  }
}
void ldParam(Warp& w, const Inst& i, u32 m) {  // kernel parameter at a fixed offset: the same for all lanes
  const u8* p = w.blk->cfg->params.data() + i.imm;
  for (int k = 0; k < i.vec; ++k, p += i.size) {
    const Operand& o = i.vec == 1 ? i.d : i.v[k];
    u64 v = 0;
    memcpy(&v, p, i.size);
    if (is_signed(i.ty) && i.size < 8) {
      int sh = 64 - 8 * i.size;
      v = (u64)((i64)(v << sh) >> sh);
    }
    if (i.sub == 8) {
      u64* d = reg<u64>(w, o);
      each_lane(d, m, [&](int) { return v; });
    } else {
      u32* d = reg<u32>(w, o);
      u32 x = (u32)v;
      each_lane(d, m, [&](int) { return x; });
    }
  }
}
template <class T, class S>
void st(Warp& w, const Inst& i, u32 m) {  // S: lane type
  alignas(64) u64 a[32];
  constexpr u32 z = sizeof(T);
  bool shared = w.blk->race && (i.space == Space::Shared || i.space == Space::Generic);
  if (shared) {  // race detection needs the new values
    alignas(32) u8 data[32][32];
    for (int k = 0; k < i.vec; ++k) {
      const S* s = reg<S>(w, i.vec == 1 ? i.d : i.v[k]);
      for (int l = 0; l < 32; ++l) {
        T t = (T)s[l];
        memcpy(data[l] + k * z, &t, z);
      }
    }
    resolve<true>(w, i, m, a, i.vec * z, i.f1, data);
    for_lanes(m, [&](int l) { memcpy((void*)a[l], data[l], i.vec * z); });
    return;
  }
  resolve<true>(w, i, m, a, i.vec * z, i.f1, nullptr);
  if (i.vec == 1) {
    const S* s = reg<S>(w, i.d);
    if constexpr (sizeof(T) == sizeof(S))
      if (m == ~0u) {
        bool line = true;
        for (int l = 0; l < 32; ++l) line &= a[l] == a[0] + l * sizeof(T);
        if (line) {
          memcpy((void*)a[0], s, 32 * sizeof(T));
          return;
        }
      }
    for_lanes(m, [&](int l) { *(T*)a[l] = (T)s[l]; });
    return;
  }
  for (int k = 0; k < i.vec; ++k) {
    const S* s = reg<S>(w, i.v[k]);
    for_lanes(m, [&](int l) { ((T*)a[l])[k] = (T)s[l]; });
  }
}
template <class D>
Handler pickLd(Type t) {
  bool s = is_signed(t);
  switch (type_size(t)) {
    case 1:
      return s ? ld<i8, D> : ld<u8, D>;
    case 2:
      return s ? ld<i16, D> : ld<u16, D>;
    case 4:
      return s ? ld<i32, D> : ld<u32, D>;
    default:
      return ld<u64, D>;
  }
}
template <class S>
Handler pickSt(Type t) {
  switch (type_size(t)) {
    case 1:
      return st<u8, S>;
    case 2:
      return st<u16, S>;
    case 4:
      return st<u32, S>;
    default:
      return st<u64, S>;
  }
}

Space spaceModifier(InstDecoder& d) {
  if (d.has("global")) return Space::Global;
  if (d.has("shared") || d.has("shared::cta")) return Space::Shared;
  if (d.has("shared::cluster")) return Space::Shared;  // clusters of one block
  if (d.has("local")) return Space::Local;
  if (d.has("const")) return Space::Const;
  if (d.has("param") || d.has("param::entry") || d.has("param::func")) return Space::Param;
  return Space::Generic;
}
// cache and ordering modifiers change nothing here, apart from marking an access as synchronising
bool memoryMods(InstDecoder& d) {
  bool strong = d.has("volatile");
  for (auto s : {"relaxed", "acquire", "release", "acq_rel", "sc", "mmio"}) strong |= d.has(s);
  for (auto s : {"weak", "cta", "cluster", "gpu", "sys", "ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc", "unified"})
    d.has(s);
  d.has_prefix("L1::");
  if (d.has_prefix("L2::cache_hint")) d.bad("cache policy operand");
  d.has_prefix("L2::");
  d.has_prefix("L2::");
  d.has_prefix("level::");
  return strong;
}
void vecMod(InstDecoder& d) { d.i.vec = d.has("v2") ? 2 : d.has("v4") ? 4 : d.has("v8") ? 8 : 1; }

void decodeLd(InstDecoder& d) {
  Inst& i = d.i;
  i.space = spaceModifier(d);
  i.f1 = memoryMods(d);
  vecMod(d);
  Type t = d.type();
  i.ty = t;
  i.size = type_size(t);
  if (t == Type::B128) d.bad("128-bit registers");
  if (i.vec * i.size > 32) d.bad("vector too wide");
  d.address(1, i.space);
  u8 width = 0;
  if (i.vec > 1) {
    i.v = d.vec(d.r.ops.at(0), Type::None, true, i.vec);
    const ParsedOperand* first = nullptr;
    for (auto& o : d.r.ops[0].v)
      if (o.kind == ParsedOperand::Reg) {
        first = &o;
        break;
      }
    if (first)
      d.any(*first, width);
    else
      width = i.size < 8 ? 4 : 8;
  } else
    i.d = d.any(d.r.ops.at(0), width);
  if (i.space == Space::Param && i.wide == 0) {
    i.fn = ldParam;
    i.sub = width;
    return;
  }  // fixed kernel parameter
  i.fn =
      width == 8 ? (is_signed(t) ? pickLd<i64>(t) : pickLd<u64>(t)) : (is_signed(t) ? pickLd<i32>(t) : pickLd<u32>(t));
  if (width == 4 && i.size == 8) d.bad("64-bit load into a 32-bit register");
  i.cls = i.space == Space::Shared                                ? kLdShared
          : i.space == Space::Global || i.space == Space::Generic ? kLdGlobal
                                                                  : kLocal;
}
void decodeSt(InstDecoder& d) {
  Inst& i = d.i;
  i.space = spaceModifier(d);
  i.f1 = memoryMods(d);
  vecMod(d);
  Type t = d.type();
  i.ty = t;
  i.size = type_size(t);
  if (t == Type::B128) d.bad("128-bit registers");
  d.address(0, i.space);
  u8 width = type_size(t) == 8 ? 8 : 4;
  if (i.space == Space::Param && i.wide == 0) d.bad("store to a kernel parameter");
  if (i.vec > 1) {
    i.v = d.vec(d.r.ops.at(1), Type::None, false, i.vec);
    const ParsedOperand& f = d.r.ops[1].v.at(0);
    if (f.kind == ParsedOperand::Reg) d.any(f, width);
  } else if (d.r.ops.at(1).kind == ParsedOperand::Reg)
    i.d = d.any(d.r.ops[1], width);
  else
    i.d = d.src(1, t);
  if (width == 4 && i.size == 8) d.bad("64-bit store of a 32-bit register");
  i.fn = width == 8 ? pickSt<u64>(t) : pickSt<u32>(t);
  i.cls = i.space == Space::Shared                                ? kStShared
          : i.space == Space::Global || i.space == Space::Generic ? kStGlobal
                                                                  : kLocal;
}

// ---- atomics ---------------------------------------------------------------------------------------------------
enum AtomOp { ADD, EXCH, CAS, MIN, MAX, INC, DEC, AND, OR, XOR };
template <class T>
T applyAtom(int op, T old, T b) {
  switch (op) {
    case ADD:
      return (T)(old + b);
    case EXCH:
      return b;
    case MIN:
      return old < b ? old : b;
    case MAX:
      return old > b ? old : b;
    case INC:
      return old >= b ? (T)0 : (T)(old + 1);
    case DEC:
      return old == 0 || old > b ? b : (T)(old - 1);
    default:
      if constexpr (std::is_integral_v<T>) {
        if (op == AND) return old & b;
        if (op == OR) return old | b;
        return old ^ b;
      }
      return old;
  }
}
template <class H>
u32 addHalves(u32 old, u32 b, int n) {
  u32 r = 0;
  for (int k = 0; k < n; ++k) {
    float s = to_float(H{(u16)(old >> 16 * k)}) + to_float(H{(u16)(b >> 16 * k)});
    u16 v;
    if constexpr (std::is_same_v<H, half_t>)
      v = to_half(s).b;
    else
      v = to_bf16(s).b;
    r |= (u32)v << (16 * k);
  }
  return r;
}
template <class U, class F>
U rmw(u64 addr, F f) {  // a real atomic, so that blocks may run on several threads
  U* p = (U*)addr;
  U old = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(p, &old, f(old), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
  }
  return old;
}
// T: arithmetic type, U: same-size unsigned used for the exchange
template <class T, class U>
void atom(Warp& w, const Inst& i, u32 m) {
  using S = typename LaneStorage<T>::type;
  alignas(64) u64 a[32];
  resolve<true>(w, i, m, a, sizeof(T), true, nullptr);
  const S* b = reg<S>(w, i.b);
  const S* c = i.sub == CAS ? reg<S>(w, i.c) : b;
  S* d = i.f2 ? reg<S>(w, i.d) : nullptr;
  for_lanes(m, [&](int l) {
    U old;
    if (i.sub == CAS) {
      U want = (U)b[l], put = (U)c[l];
      old = rmw<U>(a[l], [&](U o) { return o == want ? put : o; });
    } else {
      T v = read_lane<T>(b[l]);
      old = rmw<U>(a[l], [&](U o) {
        T t;
        memcpy(&t, &o, sizeof t);
        t = applyAtom<T>(i.sub, t, v);
        U u;
        memcpy(&u, &t, sizeof u);
        return u;
      });
    }
    if (d) d[l] = (S)old;
  });
}
template <class H, class U>
void atomHalf(Warp& w, const Inst& i, u32 m) {
  alignas(64) u64 a[32];
  resolve<true>(w, i, m, a, sizeof(U), true, nullptr);
  const u32* b = reg<u32>(w, i.b);
  u32* d = i.f2 ? reg<u32>(w, i.d) : nullptr;
  for_lanes(m, [&](int l) {
    U old = rmw<U>(a[l], [&](U o) { return (U)addHalves<H>(o, b[l], sizeof(U) / 2); });
    if (d) d[l] = old;
  });
}
template <class T>
void redVec(Warp& w, const Inst& i, u32 m) {  // red.v2/.v4: element-wise, f32 or packed halves
  alignas(64) u64 a[32];
  resolve<true>(w, i, m, a, 4 * i.vec, true, nullptr);
  for (int k = 0; k < i.vec; ++k) {
    const u32* b = reg<u32>(w, i.v[k]);
    for_lanes(m, [&](int l) {
      rmw<u32>(a[l] + 4 * k, [&](u32 o) {
        if constexpr (std::is_same_v<T, float>)
          return float_to_bits(bits_to_float(o) + bits_to_float(b[l]));
        else
          return addHalves<T>(o, b[l], 2);
      });
    });
  }
}
template <bool RED>
void decodeAtom(InstDecoder& d) {
  Inst& i = d.i;
  i.space = spaceModifier(d);
  memoryMods(d);
  d.has("noftz");
  vecMod(d);
  i.f2 = !RED;
  int k = RED ? 0 : 1;
  static const char* ops[] = {"add", "exch", "cas", "min", "max", "inc", "dec", "and", "or", "xor"};
  int op = -1;
  for (int q = 0; q < 10; ++q)
    if (d.has(ops[q])) {
      op = q;
      break;
    }
  if (op < 0) d.bad("atomic operation");
  i.sub = op;
  Type t = d.type();
  i.ty = t;
  i.size = type_size(t);
  i.cls = kAtomic;
  d.address(k, i.space);
  if (i.vec > 1) {
    if (!RED || op != ADD) d.bad("vector atomic");
    i.v = d.vec(d.r.ops.at(k + 1), Type::B32, false, i.vec);
    i.fn = t == Type::F32      ? redVec<float>
           : t == Type::F16X2  ? redVec<half_t>
           : t == Type::BF16X2 ? redVec<bf16_t>
                               : nullptr;
    return;
  }
  if (!RED) i.d = d.dst(0, t);
  i.b = d.src(k + 1, t);
  if (op == CAS) i.c = d.src(k + 2, t);
  bool arith = op == ADD || op == EXCH;
  switch (t) {
    case Type::U32:
    case Type::B32:
      i.fn = atom<u32, u32>;
      break;
    case Type::S32:
      i.fn = atom<i32, u32>;
      break;
    case Type::U64:
    case Type::B64:
      i.fn = atom<u64, u64>;
      break;
    case Type::S64:
      i.fn = atom<i64, u64>;
      break;
    case Type::B16:
    case Type::U16:
      i.fn = atom<u16, u16>;
      break;
    case Type::F32:
      if (!arith) d.bad("operation");
      i.fn = atom<float, u32>;
      break;
    case Type::F64:
      if (!arith) d.bad("operation");
      i.fn = atom<double, u64>;
      break;
    case Type::F16:
      if (op != ADD) d.bad("operation");
      i.fn = atomHalf<half_t, u16>;
      break;
    case Type::F16X2:
      if (op != ADD) d.bad("operation");
      i.fn = atomHalf<half_t, u32>;
      break;
    case Type::BF16:
      if (op != ADD) d.bad("operation");
      i.fn = atomHalf<bf16_t, u16>;
      break;
    case Type::BF16X2:
      if (op != ADD) d.bad("operation");
      i.fn = atomHalf<bf16_t, u32>;
      break;
    default:
      d.bad("type");
  }
}

// ---- cp.async: the data reaches shared memory only when it is waited for ------------------------------------------
void cpAsync(Warp& w, const Inst& i, u32 m) {  // a: shared destination, b: global source, size, c: source size (f1)
  alignas(64) u64 src[32];
  u32 n[32];
  u32 dst[32];
  Block& blk = *w.blk;
  for (int l = 0; l < 32; ++l) {
    n[l] = i.f1 ? std::min<u32>(reg<u32>(w, i.c)[l], i.size) : i.size;
    dst[l] = (i.wide == 8 ? (u32)(reg<u64>(w, i.a)[l] & ~kWinMask) : reg<u32>(w, i.a)[l]) + (u32)i.imm;
  }
  u32 read = m & mask_of([&](int l) { return n[l] != 0; });
  Inst g = i;
  g.a = i.b;
  g.wide = 8;
  g.imm = (i64)i.flops;
  g.space = Space::Global;
  for (int l = 0; l < 32; ++l) src[l] = 0;
  if (read) {  // lanes that read nothing are not checked; partial reads check what they read
    bool full = true;
    for_lanes(read, [&](int l) { full &= n[l] == i.size; });
    if (full)
      resolve<false>(w, g, read, src, i.size, false, nullptr);
    else
      for_lanes(read, [&](int l) {
        const u64 ad = reg<u64>(w, g.a)[l] + g.imm;
        if (ad & (i.size - 1)) fault(716, "misaligned cp.async source " + hex(ad), l);
        const auto range = DeviceMemory::get().range_at(ad);
        if (!range || ad + n[l] > range->end) badGlobal(ad, n[l], l, "cp.async read");
        src[l] = ad + range->to_host;
      });
  }
  if (blk.prof) count_shared(w, m, dst, i.size);
  for_lanes(m, [&](int l) {
    sharedBounds(w, l, dst[l], i.size);
    AsyncCopy c{(u32)l, w.async_group[l], dst[l], i.size, {}};
    if (n[l]) memcpy(c.data, (void*)src[l], n[l]);
    race_access(w, i, l, dst[l], i.size, true, false, nullptr);
    memset(blk.shared.data() + dst[l] - kSharedBase, 0xff, i.size);  // what a reader that does not wait may see
    w.async.push_back(c);
  });
}
void cpCommit(Warp& w, const Inst&, u32 m) {
  for_lanes(m, [&](int l) { ++w.async_group[l]; });
}
void cpWait(Warp& w, const Inst& i, u32 m) {  // imm: groups allowed to stay pending; -1: everything, committed or not
  size_t keep = 0;
  for (size_t k = 0; k < w.async.size(); ++k) {
    AsyncCopy& c = w.async[k];
    bool done = (m >> c.lane & 1) && (i.imm < 0 || (i64)c.group < (i64)w.async_group[c.lane] - i.imm);
    if (!done) {
      if (keep != k) w.async[keep] = c;
      ++keep;
      continue;
    }
    race_access(w, i, c.lane, c.dst, c.size, true, false, nullptr);
    memcpy(w.blk->shared.data() + c.dst - kSharedBase, c.data, c.size);
  }
  w.async.resize(keep);
}
void cpArrive(Warp& w, const Inst& i,
              u32 m) {  // the lane's copies finish at once; .noinc (f2) then counts as an arrival
  Inst all = i;
  all.imm = -1;
  cpWait(w, all, m);
  Inst plain = i;
  plain.f1 = plain.f2 = plain.f3 = false;
  if (i.f2) mbarrier_arrive(w, plain, m);
}
void decodeCp(InstDecoder& d) {
  Inst& i = d.i;
  if (!d.has("async")) d.bad("only cp.async is supported");
  i.cls = kAsync;
  if (d.has("commit_group")) {
    i.fn = cpCommit;
    return;
  }
  if (d.has("wait_group")) {
    i.imm = (i64)d.immediate(0);
    i.fn = cpWait;
    return;
  }
  if (d.has("wait_all")) {
    i.imm = -1;
    i.fn = cpWait;
    return;
  }
  if (d.has("mbarrier")) {
    i.f2 = d.has("noinc");
    if (!d.has("arrive") || !(d.has("shared") || d.has("shared::cta")) || d.type() != Type::B64) d.bad("form");
    d.address(0, Space::Shared);
    i.fn = cpArrive;
    return;
  }
  bool ca = d.has("ca"), cg = d.has("cg");
  if (!ca && !cg) d.bad("cp.async form");
  if (!(d.has("shared") || d.has("shared::cta") || d.has("shared::cluster"))) d.bad("destination");
  if (!d.has("global")) d.bad("source");
  d.has_prefix("L2::cache_hint");
  d.has_prefix("L2::");
  d.address(1, Space::Global);
  Operand srcReg = i.a;
  i64 srcOff = i.imm;
  if (i.wide != 8) d.bad("source address");
  d.address(0, Space::Shared);
  i.b = srcReg;
  i.flops = (u32)srcOff;
  i.size = (u8)d.immediate(2);
  if (srcOff < 0 || srcOff > INT32_MAX) {
    d.bad("source offset");
  }
  if (d.n() > 3) {
    if (d.r.ops[3].kind == ParsedOperand::Reg && d.f.f->regs[d.r.ops[3].reg].ty == Type::Pred) d.bad("ignore-src");
    i.c = d.src(3, Type::U32);
    i.f1 = true;
  }
  if (i.size != 4 && i.size != 8 && i.size != 16) d.bad("size");
  if (cg && i.size != 16) d.bad("cp.async.cg copies 16 bytes");
  i.fn = cpAsync;
}

// ---- no-ops on this machine -----------------------------------------------------------------------------------
void nothing(Warp&, const Inst&, u32) {}
void decodeFence(InstDecoder& d) {
  for (auto s : {"gl", "cta", "sys", "gpu", "cluster", "sc", "acq_rel", "acquire", "release", "proxy", "alias", "async",
                 "global", "mbarrier_init", "sync_restrict::shared::cta", "sync_restrict::shared::cluster",
                 "shared::cta", "async::generic", "async.shared::cta"})
    d.has(s);
  d.i.fn = nothing;
}
void decodePrefetch(InstDecoder& d) {
  for (auto s : {"global", "local", "L1", "L2", "const", "param"}) d.has(s);
  d.has_prefix("L2::");
  d.i.fn = nothing;
}
void decodeDiscard(InstDecoder& d) {
  d.has("global");
  d.has_prefix("L2");
  d.i.fn = nothing;
}
PTX_OP("ld", decodeLd);
PTX_OP("ldu", decodeLd);
PTX_OP("st", decodeSt);
PTX_OP("atom", decodeAtom<false>);
PTX_OP("red", decodeAtom<true>);
PTX_OP("cp", decodeCp);
PTX_OP("membar", decodeFence);
PTX_OP("fence", decodeFence);
PTX_OP("prefetch", decodePrefetch);
PTX_OP("prefetchu", decodePrefetch);
PTX_OP("discard", decodeDiscard);
}  // namespace
}  // namespace convoy::vgpu
