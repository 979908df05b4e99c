// control.cpp - branches, calls, barriers, and the device-side library functions (printf, assert, malloc).
#include <cstdio>
#include "tests/virtual_gpu/interpreter/decode.h"
#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {
namespace {
void decode_bra(InstDecoder& d) {
  d.has("uni");
  d.i.ctl = Control::Bra;
  int l = d.f.f->find_label(d.r.scope, d.r.ops.at(0).name);
  if (l < 0) d.bad("label");
  d.D.branch_fixes.push_back({~0u, &d.f, l});
}
void decode_brx(InstDecoder& d) {
  if (!d.has("idx")) d.bad("brx");
  d.has("uni");
  d.i.ctl = Control::BraIdx;
  d.i.a = d.src(0, Type::U32);
  const std::vector<std::string>* list = nullptr;
  for (int s = d.r.scope; s >= 0 && !list; s = d.f.f->scope_parent[s]) {
    auto it = d.f.f->branch_targets.find({s, d.r.ops.at(1).name});
    if (it != d.f.f->branch_targets.end()) list = &it->second;
  }
  if (!list) d.bad("branch table");
  d.D.prog.tables.push_back(std::make_unique<std::vector<u32>>());
  auto* t = d.D.prog.tables.back().get();
  for (auto& n : *list) {
    int l = d.f.f->find_label(d.r.scope, n);
    if (l < 0) d.bad("label " + n);
    t->push_back(l);
  }
  d.i.table = t;
  d.D.table_fixes.push_back({t, &d.f});
}
void decode_ret(InstDecoder& d) {
  d.has("uni");
  d.i.ctl = d.f.f->entry ? Control::Exit : Control::Ret;
  d.i.e = d.f.return_pc;
}
void decode_exit(InstDecoder& d) { d.i.ctl = Control::Exit; }
void decode_trap(InstDecoder& d) { d.i.ctl = Control::Trap; }

// ---- calls: arguments and results are copied between the (statically placed) parameter variables ------------
void copy_local(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    u8* p = w.local + (u64)l * w.local_stride;
    memcpy(p + i.target, p + i.imm, i.flops);
  });
}
void emit_copy(ProgramBuilder& D, PlacedFunction& f, const ParsedInst& r, Slot from, Slot to) {
  Inst& c = D.emit(f, r);
  c.fn = copy_local;
  c.imm = from.off;
  c.target = to.off;
  c.flops = std::min(from.size, to.size);
  if (r.pred >= 0) {
    c.pred = (i32)f.regs[r.pred].off;
    c.pred_negated = r.pred_negated;
  }
}
void decode_call(InstDecoder& d) {
  Inst& i = d.i;
  d.has("uni");
  const std::string& name = d.r.ops.at(1).name;
  const ParsedOperand &ret = d.r.ops[0], &args = d.r.ops.at(2);
  auto slot = [&](const ParsedOperand& o) {
    Slot s;
    s.off = d.local_var(o, s.size);
    return s;
  };
  if (PlacedFunction* c = d.D.context(name)) {
    if (args.v.size() != c->f->params.size() || ret.v.size() > c->f->rets.size()) d.bad("call arguments");
    for (size_t k = 0; k < args.v.size(); ++k)
      emit_copy(d.D, d.f, d.r, slot(args.v[k]), c->local[c->f->params[k].name]);
    i.ctl = Control::Call;
    i.e = c->return_pc;
    d.D.call_fixes.push_back({~0u, c});
    return;
  }
  auto t = std::make_unique<std::vector<u32>>();
  for (auto& a : args.v) t->push_back(slot(a).off);
  i.table = t.get();
  d.D.prog.tables.push_back(std::move(t));
  i.f1 = !ret.v.empty();
  if (i.f1) i.imm = slot(ret.v[0]).off;
  i.fn = find_builtin(name);
}
}  // namespace
void decode_call_returns(ProgramBuilder& D, PlacedFunction& f, const ParsedInst& r) {
  PlacedFunction* c = D.context(r.ops.at(1).name);
  if (!c) return;
  for (size_t k = 0; k < r.ops[0].v.size(); ++k)
    emit_copy(D, f, r, c->local[c->f->rets[k].name], f.local.at(r.ops[0].v[k].name));
}
namespace {
// ---- barriers ----------------------------------------------------------------------------------------------
void decode_bar(InstDecoder& d) {
  Inst& i = d.i;
  i.cls = kBarrier;
  d.has("cta");
  d.has("aligned");
  if (d.has("warp")) {
    if (!d.has("sync")) d.bad("form");
    i.ctl = Control::WarpBarrier;
    i.mask = d.src(0, Type::B32);
    return;
  }
  if (d.has("cluster")) {
    d.has("release");
    d.has("relaxed");
    d.has("acquire");
    if (d.has("arrive")) {
      i.fn = [](Warp&, const Inst&, u32) {};
      i.cls = 0;
      return;
    }
    if (!d.has("wait")) d.bad("form");
    i.a = d.constant(0, 4);
    i.ctl = Control::Barrier;
    return;
  }  // clusters of one block
  bool sync = d.has("sync"), arrive = d.has("arrive"), red = d.has("red");
  if (sync + arrive + red != 1) d.bad("form");
  i.ctl = arrive ? Control::BarrierArrive : Control::Barrier;
  size_t k = 0;
  if (red) {
    std::string op = d.one_of({"popc", "and", "or"});
    i.sub = op == "popc" ? 1 : op == "and" ? 2 : 3;
    Type t = d.type();
    i.d = t == Type::Pred ? d.predicate_dst(d.r.ops.at(0)) : d.dst(0, t);
    i.c = d.predicate_src(d.r.ops.at(d.n() - 1), i.f2);
    k = 1;
  }
  i.a = d.src((int)k, Type::U32);
  size_t last = red ? d.n() - 1 : d.n();
  if (k + 1 < last) {
    i.b = d.src((int)k + 1, Type::U32);
    i.f1 = true;
  } else if (arrive)
    d.bad("bar.arrive without a count");
}
void pause(Warp& w, const Inst&, u32) { w.spins += 1024; }
void decode_nanosleep(InstDecoder& d) {
  d.type();
  d.i.fn = pause;
}
void skip(Warp&, const Inst&, u32) {}
void decode_hint(InstDecoder& d) {
  for (auto s : {"wait", "launch_dependents", "inc", "dec", "sync", "aligned"}) d.has(s);
  if (d.next_is_type()) d.type();
  d.i.fn = skip;
}
PTX_OP("bra", decode_bra);
PTX_OP("brx", decode_brx);
PTX_OP("ret", decode_ret);
PTX_OP("exit", decode_exit);
PTX_OP("trap", decode_trap);
PTX_OP("brkpt", decode_trap);
PTX_OP("call", decode_call);
PTX_OP("bar", decode_bar);
PTX_OP("barrier", decode_bar);
PTX_OP("nanosleep", decode_nanosleep);
PTX_OP("pmevent", decode_hint);
PTX_OP("griddepcontrol", decode_hint);
PTX_OP("setmaxnreg", decode_hint);

// ---- device library ----------------------------------------------------------------------------------------
template <class T>
T arg(Warp& w, const Inst& i, int l, size_t k) {
  T v;
  memcpy(&v, w.local + (u64)l * w.local_stride + i.table->at(k), sizeof v);
  return v;
}
template <class T>
void result(Warp& w, const Inst& i, int l, T v) {
  if (i.f1) memcpy(w.local + (u64)l * w.local_stride + i.imm, &v, sizeof v);
}
// a pointer as the interpreter sees it, and how many bytes may be read from there
const u8* peek(Warp& w, int l, u64 a, u64& room) {
  u64 k = a & kWinMask, x = a & ~kWinMask;
  if (k == kLocalWin) {
    if (x >= w.local_stride) fault(700, "bad pointer passed to printf", l);
    room = w.local_stride - x;
    return w.local + (u64)l * w.local_stride + x;
  }
  if (k == kSharedWin) {
    room = w.blk->shared_bytes - x;
    return w.blk->shared.data() + x - kSharedBase;
  }
  const auto range = k ? std::nullopt : DeviceMemory::get().range_at(a);
  if (!range) fault(700, "bad pointer " + hex(a) + " passed to printf", l);
  room = range->end - a;
  return (const u8*)(a + range->to_host);
}
std::string text(Warp& w, int l, u64 a) {
  if (!a) return "(null)";
  u64 room;
  const u8* p = peek(w, l, a, room);
  std::string s;
  while (room-- && *p) s += (char)*p++;
  return s;
}
void dev_printf(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    std::string f = text(w, l, arg<u64>(w, i, l, 0)), out;
    u64 args = arg<u64>(w, i, l, 1), room = 0, pos = 0;
    const u8* p = args ? peek(w, l, args, room) : nullptr;
    auto next = [&](u32 n) {
      pos = (pos + n - 1) / n * n;
      u64 v = 0;
      if (pos + n <= room) memcpy(&v, p + pos, n);
      pos += n;
      return v;
    };
    for (size_t k = 0; k < f.size(); ++k) {
      if (f[k] != '%') {
        out += f[k];
        continue;
      }
      if (k + 1 < f.size() && f[k + 1] == '%') {
        out += '%';
        ++k;
        continue;
      }
      std::string spec = "%";
      int longs = 0;
      ++k;
      for (; k < f.size() && strchr("-+ #0123456789.*hljzt", f[k]); ++k) {
        if (f[k] == '*')
          spec += std::to_string((i32)next(4));
        else if (strchr("hljzt", f[k])) {
          if (f[k] != 'h') ++longs;
        } else
          spec += f[k];
      }
      if (k >= f.size()) break;
      char c = f[k], buf[512];
      spec += strchr("diouxX", c) ? "ll" : "";
      spec += c;
      if (c == 'd' || c == 'i')
        snprintf(buf, sizeof buf, spec.c_str(), longs ? (long long)next(8) : (long long)(i32)next(4));
      else if (strchr("ouxX", c))
        snprintf(buf, sizeof buf, spec.c_str(), (long long)(longs ? next(8) : next(4)));
      else if (c == 'c')
        snprintf(buf, sizeof buf, spec.c_str(), (int)next(4));
      else if (c == 's')
        snprintf(buf, sizeof buf, spec.c_str(), text(w, l, next(8)).c_str());
      else if (c == 'p')
        snprintf(buf, sizeof buf, spec.c_str(), (void*)next(8));
      else if (strchr("eEfFgGaA", c)) {
        u64 v = next(8);
        double x;
        memcpy(&x, &v, 8);
        snprintf(buf, sizeof buf, spec.c_str(), x);
      } else
        snprintf(buf, sizeof buf, "%s", spec.c_str());
      out += buf;
    }
    fputs(out.c_str(), stdout);
    result<i32>(w, i, l, (i32)out.size());
  });
}
void dev_assert(Warp& w, const Inst& i, u32 m) {
  int l = __builtin_ctz(m);
  fault(710,
        "assertion '" + text(w, l, arg<u64>(w, i, l, 0)) + "' failed at " + text(w, l, arg<u64>(w, i, l, 1)) + ":" +
            std::to_string(arg<u32>(w, i, l, 2)) + " in " + text(w, l, arg<u64>(w, i, l, 3)),
        l);
}
void dev_malloc(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) { result<u64>(w, i, l, DeviceMemory::get().allocate(arg<u64>(w, i, l, 0), "device malloc")); });
}
void dev_free(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    u64 a = arg<u64>(w, i, l, 0);
    if (a && !DeviceMemory::get().release(a)) fault(700, "free of " + hex(a) + ", which is not allocated", l);
    std::fill(w.blk->cache.begin(), w.blk->cache.end(), AccessCache{});
  });
}
}  // namespace
Builtin find_builtin(const std::string& n) {
  return n == "vprintf"                                ? dev_printf
         : n == "__assertfail" || n == "__assert_fail" ? dev_assert
         : n == "malloc"                               ? dev_malloc
         : n == "free"                                 ? dev_free
                                                       : nullptr;
}
}  // namespace convoy::vgpu
