// block.cpp - runs one thread block: warps in turn, each warp in lockstep with an active mask.
//
// A warp is a set of groups of lanes that share a program counter. The ready group with the lowest pc runs until it
// reaches the pc of another group (they merge), diverges, blocks or ends; this reconverges at the usual places.
// A group that keeps looping while others wait gives way after a while, so spin locks between lanes make progress.
#include <cstdio>
#include "tests/virtual_gpu/interpreter/exec.h"

namespace convoy::vgpu {
using std::string;
constexpr u64 kSpinLimit = 8192;

void fault(int code, const string& what, int lane) { throw DeviceFault{code, what, lane}; }
string hex(u64 v) {
  char b[32];
  snprintf(b, sizeof b, "0x%llx", (unsigned long long)v);
  return b;
}

Block::~Block() {
  for (char* p : register_files) free(p);
}

void Block::start(const Program& p, const LaunchConfig& c, u64 linear_id) {
  bool fresh = prog != &p || last_grid != c.grid_id;
  last_grid = c.grid_id;
  prog = &p;
  cfg = &c;
  linear = linear_id;
  cta[0] = linear_id % c.grid[0];
  cta[1] = linear_id / c.grid[0] % c.grid[1];
  cta[2] = (u32)(linear_id / ((u64)c.grid[0] * c.grid[1]));
  num_threads = c.block[0] * c.block[1] * c.block[2];
  u32 nw = (num_threads + 31) / 32;
  if (fresh) {
    if (register_file_bytes < p.reg_bytes || register_files.size() < nw) {
      for (char* q : register_files) free(q);
      register_file_bytes = std::max<size_t>(register_file_bytes, p.reg_bytes);
      register_files.assign(std::max<size_t>(nw, register_files.size()), nullptr);
      for (char*& q : register_files) {
        q = (char*)aligned_alloc(64, (register_file_bytes + 127) & ~63ull);
        memset(q, 0, register_file_bytes);
      }
    }
    warps.resize(nw);
    local_mem.assign((size_t)nw * 32 * p.local_bytes, 0xff);
    shared_bytes = c.dyn_shared ? p.dyn_offset + c.dyn_shared : p.dyn_offset;
    shared.resize(shared_bytes - kSharedBase + 64);
    redzone.assign(p.redzones.begin(), p.redzones.end());
    redzone.resize(shared.size() / 4, 0);
    if (race && (shadow.size() < shared.size() / 4 + 1 ||
                 stamp > 0xf0000000)) {  // older entries are harmless: their stamps lie before full_stamp
      shadow.assign(shared.size() / 4 + 1, {});
      shadow_half.assign(shared.size() / 2 + 2, {});
      stamp = 1;
    }
    barrier_stamp.assign(nw, 0);
    warp_sync_stamp.assign(nw * 32, 0);
    if (cache.size() < p.code.size()) cache.resize(p.code.size());
    std::fill(cache.begin(), cache.end(), AccessCache{});
    if (prof) {
      exec_count.assign(p.code.size(), 0);
      lane_count.assign(p.code.size(), 0);
    }
  }
  memset(shared.data(), 0xff, shared.size());
  full_stamp = ++stamp;
  for (auto& b : bars) {
    b = NamedBarrier{};
    b.arrived.assign(nw, 0);
  }
  for (u32 k = 0; k < nw; ++k) {
    Warp& w = warps[k];
    w.base[0] = register_files[k];
    w.base[1] = p.consts;
    w.blk = this;
    w.id = k;
    w.exited = 0;
    w.carry = 0;
    w.spins = 0;
    u32 n = std::min(32u, num_threads - 32 * k);
    w.lanes = n == 32 ? ~0u : (1u << n) - 1;
    w.groups.assign(1, Group{Group::Ready, 0, w.lanes, 0, 0});
    w.async.clear();
    memset(w.async_group, 0, sizeof w.async_group);
    w.local_stride = p.local_bytes;
    w.local = local_mem.data() + (size_t)k * 32 * p.local_bytes;
    for (auto& s : p.sregs) {
      auto val = [&](u32 l) -> u64 {
        u32 t = 32 * k + l;
        switch (s.id) {
          case SpecialRegister::TidX:
            return t % c.block[0];
          case SpecialRegister::TidY:
            return t / c.block[0] % c.block[1];
          case SpecialRegister::TidZ:
            return t / (c.block[0] * c.block[1]);
          case SpecialRegister::NtidX:
            return c.block[0];
          case SpecialRegister::NtidY:
            return c.block[1];
          case SpecialRegister::NtidZ:
            return c.block[2];
          case SpecialRegister::CtaX:
            return cta[0];
          case SpecialRegister::CtaY:
            return cta[1];
          case SpecialRegister::CtaZ:
            return cta[2];
          case SpecialRegister::NctaX:
            return c.grid[0];
          case SpecialRegister::NctaY:
            return c.grid[1];
          case SpecialRegister::NctaZ:
            return c.grid[2];
          case SpecialRegister::Lane:
            return l;
          case SpecialRegister::WarpId:
            return k;
          case SpecialRegister::NWarp:
            return nw;
          case SpecialRegister::MaskEq:
            return 1u << l;
          case SpecialRegister::MaskLt:
            return (1u << l) - 1;
          case SpecialRegister::MaskLe:
            return (2ull << l) - 1;
          case SpecialRegister::MaskGe:
            return ~((1u << l) - 1);
          case SpecialRegister::MaskGt:
            return (u32) ~((2ull << l) - 1);
          case SpecialRegister::SmId:
            return linear % 108;
          case SpecialRegister::NSmId:
            return 108;
          case SpecialRegister::GridId:
            return c.grid_id;
          case SpecialRegister::DynSmem:
            return c.dyn_shared;
          case SpecialRegister::TotalSmem:
            return p.shared_static + c.dyn_shared;
          case SpecialRegister::Zero:
            return 0;
          case SpecialRegister::One:
            return 1;
          case SpecialRegister::GridWsHi:
            return c.workspace >> 32;
          case SpecialRegister::GridWsLo:
            return (u32)c.workspace;
        }
        return 0;
      };
      if (s.width == 8) {
        u64* d = (u64*)(w.base[0] + s.off);
        for (u32 l = 0; l < 32; ++l) d[l] = val(l);
      } else {
        u32* d = (u32*)(w.base[0] + s.off);
        for (u32 l = 0; l < 32; ++l) d[l] = (u32)val(l);
      }
    }
  }
}

// ---- synchronisation -----------------------------------------------------------------------------------------
bool Block::try_complete(u32 id) {
  NamedBarrier& b = bars[id];
  if (!b.any) return false;
  u32 count = 0;
  bool all = true;
  for (auto& w : warps) {
    u32 a = b.arrived[w.id];
    if ((a & w.live()) != w.live()) all = false;
    if (a) count += ((a | w.exited) & w.lanes) == w.lanes ? 32 : __builtin_popcount(a);
  }
  if (b.expected ? count < b.expected : !all) return false;
  u32 now = ++stamp;
  bool everyone = all;
  if (everyone) full_stamp = now;
  for (auto& w : warps) {
    if (!b.arrived[w.id]) continue;
    barrier_stamp[w.id] = now;
    for_lanes(b.arrived[w.id], [&](int l) { warp_sync_stamp[w.id * 32 + l] = now; });
    for (auto& g : w.groups)
      if (g.state == Group::AtBarrier && g.bar == id) {
        const Inst& i = prog->code[g.pc - 1];
        g.state = Group::Ready;
        if (i.sub == 1) {
          u32* d = reg<u32>(w, i.d);
          for_lanes(g.mask, [&](int l) { d[l] = b.popc; });
        } else if (i.sub)
          set_predicate(predicate(w, i.d), g.mask, (i.sub == 2 ? b.all : b.some) ? ~0u : 0);
      }
  }
  u32 nw = (u32)warps.size();
  b = NamedBarrier{};
  b.arrived.assign(nw, 0);
  return true;
}
void Block::arrive(Warp& w, const Inst& i, u32 m) {
  u32 id = reg<u32>(w, i.a)[__builtin_ctz(m)];
  if (id > 15) fault(719, "barrier number " + std::to_string(id) + " is out of range", __builtin_ctz(m));
  NamedBarrier& b = bars[id];
  u32 n = i.f1 ? reg<u32>(w, i.b)[__builtin_ctz(m)] : 0;
  if (i.f1 && (n == 0 || n % 32))
    fault(719, "barrier thread count " + std::to_string(n) + " is not a positive multiple of 32", __builtin_ctz(m));
  if (n > ((num_threads + 31) & ~31u))
    fault(719, "barrier waits for " + std::to_string(n) + " threads but the block has " + std::to_string(num_threads),
          __builtin_ctz(m));
  if (b.any && b.expected != n)
    fault(719, "barrier " + std::to_string(id) + " used with different thread counts", __builtin_ctz(m));
  b.any = true;
  b.expected = n;
  b.arrived[w.id] |= m;
  if (i.sub) {
    u32 p = predicate(w, i.c);
    if (i.f2) p = ~p;
    p &= m;
    b.popc += __builtin_popcount(p);
    b.all &= p == m;
    b.some |= p != 0;
  }
}
bool Block::warp_barrier(Warp& w, u32 member, u32 arriving) {  // true when everyone in `member` has arrived
  u32 here = arriving, need = member & w.live();
  for (auto& g : w.groups)
    if (g.state == Group::AtWarpBarrier && g.need == member) here |= g.mask;
  if ((here & need) != need) return false;
  u32 now = ++stamp;
  for_lanes(here, [&](int l) { warp_sync_stamp[w.id * 32 + l] = now; });
  for (auto& g : w.groups)
    if (g.state == Group::AtWarpBarrier && g.need == member) g.state = Group::Ready;
  return true;
}
void Block::exit_lanes(Warp& w, u32 m) {
  w.exited |= m;
  for (auto& g : w.groups)
    if (g.state == Group::AtWarpSync) g.state = Group::Ready;  // look again: fewer lanes are needed now
  for (size_t k = 0; k < w.groups.size(); ++k)
    if (w.groups[k].state == Group::AtWarpBarrier) warp_barrier(w, w.groups[k].need, 0);
  for (u32 k = 0; k < 16; ++k) try_complete(k);
}

// ---- the interpreter loop ------------------------------------------------------------------------------------
bool Block::run_warp(Warp& w, u64 slice) {
  const Inst* code = prog->code.data();
  bool progressed = false;
  u64 limit = warp_insts + slice;
  active = &w;
  auto& groups = w.groups;
  for (;;) {
    // choose a group
    int best = -1;
    bool giveWay = w.spins > kSpinLimit && groups.size() > 1;
    for (int k = 0; k < (int)groups.size(); ++k)
      if (groups[k].state == Group::Ready &&
          (best < 0 || (giveWay ? groups[k].bar < groups[best].bar : groups[k].pc < groups[best].pc)))
        best = k;
    if (best < 0) {
      active = nullptr;
      return progressed;
    }
    if (giveWay) {
      w.spins = 0;
      for (auto& g : groups)
        if (g.state == Group::Ready) g.bar = 0;
    }
    u32 pc = groups[best].pc, act = 0, stop = ~0u;
    for (int k = (int)groups.size() - 1; k >= 0; --k) {
      Group& g = groups[k];
      bool mergeable = g.state == Group::Ready || g.state == Group::AtWarpSync;
      if (mergeable && g.pc == pc) {
        act |= g.mask;
        groups.erase(groups.begin() + k);
      } else if (mergeable && g.pc > pc)
        stop = std::min(stop, g.pc);
    }
    progressed = true;
    u64 n = 0, lanes = 0;
    auto park = [&](u32 at, u32 mask, Group::State st = Group::Ready, u32 need = 0) {
      if (mask) groups.push_back(Group{st, at, mask, w.spins > kSpinLimit ? 1u : 0u, need});
    };
    // run it
    for (bool running = true; running;) {
      if (pc == stop) {
        park(pc, act);
        break;
      }
      const Inst& i = code[pc];
      u32 m = act;
      current = pc;
      if (i.pred >= 0) {
        u32 p = *(const u32*)(w.base[0] + i.pred);
        m &= i.pred_negated ? ~p : p;
      }
      ++n;
      lanes += __builtin_popcount(m);
      if (prof) {
        ++exec_count[pc];
        lane_count[pc] += __builtin_popcount(m);
      }
      if (i.ctl == Control::None) {
        if (m) i.fn(w, i, m);
        ++pc;
        continue;
      }
      u32 rest = act & ~m;
      switch (i.ctl) {
        case Control::Bra: {
          if (prof && i.pred >= 0) {
            ++prof->branches;
            if (m && rest) ++prof->divergent;
          }
          if (!m) {
            ++pc;
            break;
          }
          bool back = i.target <= pc;
          if (rest) {
            park(i.target, m);
            park(pc + 1, rest);
            running = false;
          } else if (groups.empty())
            pc = i.target;
          else {
            park(i.target, m);
            running = false;
          }
          if (back) {
            w.spins += !groups.empty();
            bool waiting = w.spins > kSpinLimit && running && groups.empty();  // polling for another warp: let it run
            if (waiting) w.spins = 0;
            if (waiting || warp_insts + n > limit) {
              if (running) {
                park(pc, act);
                running = false;
              }
              warp_insts += n;
              thread_insts += lanes;
              active = nullptr;
              return true;
            }
          }
          break;
        }
        case Control::BraIdx: {
          park(pc + 1, rest);
          u32 left = m;
          const u32* a = reg<u32>(w, i.a);
          if (prof) ++prof->branches;
          int parts = 0;
          while (left) {
            u32 v = a[__builtin_ctz(left)], same = 0;
            for_lanes(left, [&](int l) {
              if (a[l] == v) same |= 1u << l;
            });
            if (v >= i.table->size()) fault(719, "branch index out of range", __builtin_ctz(left));
            park((*i.table)[v], same);
            left &= ~same;
            ++parts;
          }
          if (prof && parts > 1) ++prof->divergent;
          running = false;
          break;
        }
        case Control::Exit:
          if (m) exit_lanes(w, m);
          if (rest) {
            act = rest;
            ++pc;
          } else
            running = false;
          break;
        case Control::Ret: {
          if (!m) {
            ++pc;
            break;
          }
          const u32* r = reg<u32>(w, i.e);
          u32 v = r[__builtin_ctz(m)], same = 0;
          for_lanes(m, [&](int l) {
            if (r[l] == v) same |= 1u << l;
          });
          if (same == m && !rest && groups.empty()) {
            pc = v;
            break;
          }
          park(pc + 1, rest);
          u32 left = m;
          while (left) {
            v = r[__builtin_ctz(left)];
            same = 0;
            for_lanes(left, [&](int l) {
              if (r[l] == v) same |= 1u << l;
            });
            park(v, same);
            left &= ~same;
          }
          running = false;
          break;
        }
        case Control::Call: {
          if (!m) {
            ++pc;
            break;
          }
          u32* r = reg<u32>(w, i.e);
          for_lanes(m, [&](int l) { r[l] = pc + 1; });
          if (!rest && groups.empty()) {
            pc = i.target;
            break;
          }
          park(pc + 1, rest);
          park(i.target, m);
          running = false;
          break;
        }
        case Control::Barrier:
        case Control::BarrierArrive: {
          if (!m) {
            ++pc;
            break;
          }
          arrive(w, i, m);
          u32 id = reg<u32>(w, i.a)[__builtin_ctz(m)];
          if (i.ctl == Control::Barrier) {
            park(pc + 1, rest);
            park(pc + 1, m, Group::AtBarrier);
            groups.back().bar = id;
            running = false;
            try_complete(id);
          } else {
            try_complete(id);
            ++pc;
          }
          break;
        }
        case Control::WarpSync: {
          u32 left = m, wait = 0;
          while (left) {
            int l0 = __builtin_ctz(left);
            const u32* mm = i.aligned ? nullptr : reg<u32>(w, i.mask);
            u32 member = mm ? mm[l0] : ~0u, same = left;
            if (mm) {
              same = 0;
              for_lanes(left, [&](int l) {
                if (mm[l] == member) same |= 1u << l;
              });
            }
            if (same & ~member)
              fault(719, "lane is not in its own member mask " + hex(member), __builtin_ctz(same & ~member));
            u32 need = member & w.live();
            if ((same & need) == need)
              i.fn(w, i, same);
            else
              wait |= same;
            left &= ~same;
          }
          if (!wait) {
            ++pc;
            break;
          }
          park(pc, wait, Group::AtWarpSync);
          park(pc + 1, act & ~wait);
          running = false;
          break;
        }
        case Control::WarpBarrier: {
          if (!m) {
            ++pc;
            break;
          }
          u32 member = reg<u32>(w, i.mask)[__builtin_ctz(m)];
          if (m & ~member) fault(719, "lane is not in its own member mask " + hex(member), __builtin_ctz(m & ~member));
          if (warp_barrier(w, member, m)) {
            if (groups.empty()) {
              ++pc;
              break;
            }
            park(pc + 1, act);
            running = false;
            break;
          }
          park(pc + 1, m, Group::AtWarpBarrier, member);
          park(pc + 1, rest);
          running = false;
          break;
        }
        case Control::Trap:
          if (m) fault(719, "trap", __builtin_ctz(m));
          ++pc;
          break;
        default:
          break;
      }
    }
    warp_insts += n;
    thread_insts += lanes;
    if (warp_insts > limit) {
      active = nullptr;
      return true;
    }
  }
}

Block::Result Block::run(u64 budget) {
  u64 end = warp_insts + budget;
  for (;;) {
    bool progress = false, alive = false;
    for (auto& w : warps)
      if (w.live()) {
        progress |= run_warp(w, 1u << 16);
        alive |= w.live() != 0;
      }
    if (!alive) return Done;
    if (!progress) deadlock();
    if (warp_insts > end) return Yield;
  }
}

string Block::thread_name(const Warp& w, int lane) const {
  u32 t = w.id * 32 + lane;
  char b[160];
  snprintf(b, sizeof b, "block (%u,%u,%u) thread (%u,%u,%u) [warp %u lane %d]", cta[0], cta[1], cta[2],
           t % cfg->block[0], t / cfg->block[0] % cfg->block[1], t / (cfg->block[0] * cfg->block[1]), w.id, lane);
  return b;
}
static string where(const Program& p, const Inst& i) {
  string s = "PTX line " + std::to_string(i.raw->line) + ": " + i.raw->text;
  if (i.raw->src_line) {
    auto it = p.image->mod->files.find(i.raw->src_file);
    s +=
        "\n    source: " + (it == p.image->mod->files.end() ? "?" : it->second) + ":" + std::to_string(i.raw->src_line);
  }
  if (i.func && i.func != p.entry) s += "\n    in function " + demangle(i.func->name);
  return s;
}
string fault_report(const Block& b, const DeviceFault& f) {
  string s = "vgpu: error in kernel " + b.prog->pretty + "\n  " + f.what;
  if (b.active)
    s += "\n  at " + b.thread_name(*b.active, std::max(f.lane, 0)) + "\n  " + where(*b.prog, b.prog->code[b.current]);
  return s + "\n";
}
void Block::deadlock() {
  string s = "deadlock: no thread of the block can continue;";
  int shown = 0;
  static const char* what[] = {"ready", "at a barrier", "at a warp operation whose mask names lanes that never arrive",
                               "at __syncwarp"};
  for (auto& w : warps)
    for (auto& g : w.groups)
      if (shown++ < 6)
        s += "\n    warp " + std::to_string(w.id) + " lanes " + hex(g.mask) + " " + what[g.state] + " (" +
             where(*prog, prog->code[g.state == Group::AtWarpSync ? g.pc : g.pc - 1]) + ")";
  active = nullptr;
  fault(702, s);
}
}  // namespace convoy::vgpu
