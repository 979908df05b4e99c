// decode.cpp - from syntax tree to executable program.
#include "tests/virtual_gpu/interpreter/decode.h"
#include <cxxabi.h>
#include <set>
#include "tests/virtual_gpu/runtime/devmem.h"

namespace vgpu {
using std::string;
using std::vector;

static std::map<string, DecodeFn>& opTable() {
  static std::map<string, DecodeFn> t;
  return t;
}
RegisterOp::RegisterOp(const char* name, DecodeFn fn) { opTable()[name] = fn; }
DecodeFn findOp(const string& name) {
  auto it = opTable().find(name);
  return it == opTable().end() ? nullptr : it->second;
}

string demangle(const string& s) {
  int st = 0;
  char* d = abi::__cxa_demangle(s.c_str(), nullptr, nullptr, &st);
  string r = st == 0 && d ? d : s;
  free(d);
  return r;
}

// ---- Dec ---------------------------------------------------------------------------------------------------
void Dec::bad(const string& why) {
  throw PtxError("PTX line " + std::to_string(r.line) + ": unsupported " + why + " in '" + r.text + "' (function " +
                 demangle(f.f->name) + ")");
}
bool Dec::has(const char* m) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k] && r.mods[k] == m) {
      used[k] = true;
      return true;
    }
  return false;
}
bool Dec::hasPrefix(const char* m) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k] && r.mods[k].rfind(m, 0) == 0) {
      used[k] = true;
      return true;
    }
  return false;
}
string Dec::oneOf(std::initializer_list<const char*> l) {
  for (auto m : l)
    if (has(m)) return m;
  return "";
}
bool Dec::nextIsType() const {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) return parseType(r.mods[k]) != Ty::None;
  return false;
}
Ty Dec::type() {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) {
      Ty t = parseType(r.mods[k]);
      if (t != Ty::None) {
        used[k] = true;
        return t;
      }
    }
  bad("missing type");
}
void Dec::finish() {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) bad("modifier '." + r.mods[k] + "'");
  if (!i.fn && i.ctl == Ctl::None) bad("type");
}

static int laneWidth(Ty t) { return tySize(t) == 8 ? 8 : 4; }
Operand Dec::constant(u64 v, int width) { return D.constant(v, width); }
Operand Dec::scratch(int width) { return D.reserve(32 * width); }
Operand Dec::src(const RawOp& o, Ty t) {
  int w = laneWidth(t);
  switch (o.kind) {
    case RawOp::Reg: {
      Ty rt = f.f->regs[o.reg].ty;
      if (rt == Ty::Pred) bad("predicate operand");
      if (laneWidth(rt) != w) bad("register width");
      if (o.neg) bad("operand");
      return f.regs[o.reg];
    }
    case RawOp::Imm: {
      u64 v = o.imm;
      if (o.fkind == 'd' && t == Ty::F32) {
        double x;
        memcpy(&x, &v, 8);
        v = Fbits((float)x);
      } else if (o.fkind == 'f' && t == Ty::F64) {
        double x = bitsF((u32)v);
        memcpy(&v, &x, 8);
      } else if (!o.fkind && (t == Ty::F32 || t == Ty::F64)) {
        double x = (double)(i64)v;
        if (t == Ty::F64)
          memcpy(&v, &x, 8);
        else
          v = Fbits((float)x);
      }
      return D.constant(w == 4 ? (u32)v : v, w);
    }
    case RawOp::Special:
      return D.special(o.name, w);
    case RawOp::Sym: {
      u32 sz;
      if (auto it = f.shared.find(o.name); it != f.shared.end()) return D.constant(it->second + o.off, w);
      if (f.local.count(o.name)) return D.constant(localVar(o, sz) + o.off, w);
      if (auto it = f.param.find(o.name); it != f.param.end()) return D.constant(it->second.off + o.off, w);
      if (u64 a = D.image.variable(o.name)) {
        if (w != 8) bad("32-bit global address");
        return D.constant(a + o.off, w);
      }
      if (D.image.mod->funcs.count(o.name)) bad("function pointer");
      bad("symbol " + o.name);
    }
    default:
      bad("operand");
  }
}
Operand Dec::dst(const RawOp& o, Ty t) {
  if (o.kind == RawOp::Sink) return scratch(laneWidth(t));
  if (o.kind != RawOp::Reg) bad("destination");
  if (f.f->regs[o.reg].ty == Ty::Pred || laneWidth(f.f->regs[o.reg].ty) != laneWidth(t)) bad("destination width");
  return f.regs[o.reg];
}
Operand Dec::any(const RawOp& o, u8& width) {
  if (o.kind == RawOp::Sink) {
    width = 8;
    return scratch(8);
  }
  if (o.kind != RawOp::Reg || f.f->regs[o.reg].ty == Ty::Pred) bad("register");
  width = laneWidth(f.f->regs[o.reg].ty);
  return f.regs[o.reg];
}
Operand Dec::predDst(const RawOp& o) {
  if (o.kind == RawOp::Sink) return scratch(4);
  if (o.kind != RawOp::Reg || f.f->regs[o.reg].ty != Ty::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand Dec::predSrc(const RawOp& o, bool& neg) {
  neg = o.neg;
  if (o.kind == RawOp::Imm) return D.constant(o.imm ? ~0u : 0, 4);
  if (o.kind != RawOp::Reg || f.f->regs[o.reg].ty != Ty::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand Dec::altPred(const RawOp& o) {
  if (o.alt < 0) return scratch(4);
  if (f.f->regs[o.alt].ty != Ty::Pred) bad("predicate");
  return f.regs[o.alt];
}
const Operand* Dec::keep(vector<Operand> v) {
  D.prog.vecs.push_back(std::make_unique<vector<Operand>>(std::move(v)));
  return D.prog.vecs.back()->data();
}
const Operand* Dec::vec(const RawOp& o, Ty t, bool isDst, int expect) {
  vector<Operand> v;
  vector<RawOp> one{o};
  const vector<RawOp>& list = o.kind == RawOp::Vec ? o.v : one;
  u8 w0 = t == Ty::None ? 0 : laneWidth(t);
  for (auto& e : list)
    if (!w0 && e.kind == RawOp::Reg) any(e, w0);
  Ty et = t != Ty::None ? t : w0 == 8 ? Ty::B64 : Ty::B32;
  if (t == Ty::None && !w0) et = i.ty;
  for (auto& e : list) v.push_back(isDst ? dst(e, et) : src(e, et));
  if (expect && (int)v.size() != expect) bad("number of vector elements");
  return keep(std::move(v));
}
u32 Dec::localVar(const RawOp& o, u32& size) {
  auto it = f.local.find(o.name);
  if (it == f.local.end()) bad("variable " + o.name);
  size = it->second.size;
  return it->second.off;
}
void Dec::address(int k, Space sp) {
  const RawOp& o = r.ops.at(k);
  if (o.kind != RawOp::Mem) bad("address");
  i.imm = o.off;
  if (o.reg >= 0) {
    i.a = any(
        [&] {
          RawOp q = o;
          q.kind = RawOp::Reg;
          return q;
        }(),
        i.wide);
    return;
  }
  i.wide = 8;
  if (o.name.empty()) {
    i.a = D.constant(o.imm, 8);
    return;
  }
  u32 sz;
  if (f.local.count(o.name)) {
    i.space = Space::Local;
    i.imm += localVar(o, sz);
    i.a = D.constant(0, 8);
    return;
  }
  if (auto it = f.param.find(o.name); it != f.param.end()) {
    if (sp != Space::Param) bad("address of a parameter");
    i.wide = 0;
    i.imm += it->second.off;
    if (i.imm < 0 || (u64)i.imm + i.size * i.vec > D.prog.paramBytes) bad("parameter offset");
    return;
  }
  if (auto it = f.shared.find(o.name); it != f.shared.end()) {
    i.space = Space::Shared;
    i.a = D.constant(it->second, 8);
    return;
  }
  if (u64 a = D.image.variable(o.name)) {
    if (i.space == Space::Generic) i.space = Space::Global;
    i.a = D.constant(a, 8);
    return;
  }
  bad("symbol " + o.name);
}
u64 Dec::immediate(int k) {
  const RawOp& o = r.ops.at(k);
  if (o.kind != RawOp::Imm) bad("non-constant operand");
  return o.imm;
}

// ---- Decoder -----------------------------------------------------------------------------------------------
Operand Decoder::constant(u64 v, int width) {
  auto [it, fresh] = consts.try_emplace({v, width});
  if (fresh) {
    u32 off = (u32)constData.size();
    constData.resize(off + 32 * width);
    it->second = {off, 1};
    for (int l = 0; l < 32; ++l) memcpy(&constData[off + l * width], &v, width);
  }
  return it->second;
}
Operand Decoder::reserve(u32 bytes) {
  u32 off = (prog.regBytes + 63) & ~63u;
  prog.regBytes = off + bytes;
  return {off, 0};
}
Operand Decoder::special(const string& name, int width) {
  static const std::map<string, Sreg> table = {{"%tid.x", Sreg::TidX},
                                               {"%tid.y", Sreg::TidY},
                                               {"%tid.z", Sreg::TidZ},
                                               {"%ntid.x", Sreg::NtidX},
                                               {"%ntid.y", Sreg::NtidY},
                                               {"%ntid.z", Sreg::NtidZ},
                                               {"%ctaid.x", Sreg::CtaX},
                                               {"%ctaid.y", Sreg::CtaY},
                                               {"%ctaid.z", Sreg::CtaZ},
                                               {"%nctaid.x", Sreg::NctaX},
                                               {"%nctaid.y", Sreg::NctaY},
                                               {"%nctaid.z", Sreg::NctaZ},
                                               {"%laneid", Sreg::Lane},
                                               {"%warpid", Sreg::WarpId},
                                               {"%nwarpid", Sreg::NWarp},
                                               {"%lanemask_eq", Sreg::MaskEq},
                                               {"%lanemask_le", Sreg::MaskLe},
                                               {"%lanemask_lt", Sreg::MaskLt},
                                               {"%lanemask_ge", Sreg::MaskGe},
                                               {"%lanemask_gt", Sreg::MaskGt},
                                               {"%smid", Sreg::SmId},
                                               {"%nsmid", Sreg::NSmId},
                                               {"%gridid", Sreg::GridId},
                                               {"%dynamic_smem_size", Sreg::DynSmem},
                                               {"%total_smem_size", Sreg::TotalSmem},
                                               {"%clusterid.x", Sreg::CtaX},
                                               {"%clusterid.y", Sreg::CtaY},
                                               {"%clusterid.z", Sreg::CtaZ},
                                               {"%nclusterid.x", Sreg::NctaX},
                                               {"%nclusterid.y", Sreg::NctaY},
                                               {"%nclusterid.z", Sreg::NctaZ},
                                               {"%cluster_ctaid.x", Sreg::Zero},
                                               {"%cluster_ctaid.y", Sreg::Zero},
                                               {"%cluster_ctaid.z", Sreg::Zero},
                                               {"%cluster_nctaid.x", Sreg::One},
                                               {"%cluster_nctaid.y", Sreg::One},
                                               {"%cluster_nctaid.z", Sreg::One},
                                               {"%cluster_ctarank", Sreg::Zero},
                                               {"%cluster_nctarank", Sreg::One},
                                               {"%is_explicit_cluster", Sreg::Zero},
                                               {"%envreg1", Sreg::GridWsHi},
                                               {"%envreg2", Sreg::GridWsLo}};
  string key = name + (width == 8 ? "/8" : "");
  auto it = specials.find(key);
  if (it != specials.end()) return it->second;
  auto t = table.find(name);
  if (t == table.end()) throw PtxError("unsupported special register " + name);
  Operand o = reserve(32 * width);
  prog.sregs.push_back({t->second, o.off, (u8)width});
  return specials[key] = o;
}
Inst& Decoder::emit(FuncCtx& f, const RawInst& r) {
  prog.code.emplace_back();
  Inst& i = prog.code.back();
  i.raw = &r;
  i.func = f.f;
  i.idx = (u32)prog.code.size() - 1;
  return i;
}
FuncCtx* Decoder::context(const string& n) {
  auto it = byName.find(n);
  return it == byName.end() ? nullptr : it->second;
}

void Decoder::collect(const Func& f) {  // the entry and every function it can reach; recursion is refused
  for (auto& v : visiting)
    if (v == f.name) throw PtxError("recursive device function " + demangle(f.name) + " is not supported");
  if (byName.count(f.name)) return;
  visiting.push_back(f.name);
  funcs.push_back(std::make_unique<FuncCtx>());
  FuncCtx* c = funcs.back().get();
  c->f = &f;
  byName[f.name] = c;
  for (auto& r : f.body)
    if (r.op == "call") {
      const RawOp& t = r.ops.at(1);
      if (t.kind == RawOp::Reg)
        throw PtxError("PTX line " + std::to_string(r.line) + ": indirect calls are not supported: " + r.text);
      auto it = image.mod->funcs.find(t.name);
      if (it != image.mod->funcs.end() && it->second.hasBody) {
        for (auto& v : visiting)
          if (v == t.name) throw PtxError("recursive device function " + demangle(t.name) + " is not supported");
        collect(it->second);
      } else if (!findBuiltin(t.name))
        throw PtxError("PTX line " + std::to_string(r.line) + ": call of unknown function " + t.name);
    }
  visiting.pop_back();
}

void Decoder::layoutShared() {
  constexpr u32 kRed = 128;
  u32 cur = kSharedBase;
  u32 dynAlign = 16;
  std::set<string> done;
  vector<std::pair<FuncCtx*, string>> dyn;
  auto place = [&](const Var& v) {
    u32 al = std::max(v.align, 16u);
    cur = (cur + al - 1) / al * al;
    u32 off = cur;
    prog.sharedVars.push_back({v.name, off, (u32)v.size});
    prog.sharedStatic = (prog.sharedStatic + v.align - 1) / v.align * v.align + (u32)v.size;
    cur = (off + (u32)v.size + 15) / 16 * 16 + kRed;
    return off;
  };
  std::map<string, u32> modulePlaced;
  for (auto& fc : funcs) {
    for (auto& v : fc->f->vars)
      if (v.space == Space::Shared) fc->shared[v.name] = place(v);
    std::set<string> names;
    std::function<void(const RawOp&)> scan = [&](const RawOp& o) {
      if (!o.name.empty()) names.insert(o.name);
      for (auto& e : o.v) scan(e);
    };
    for (auto& r : fc->f->body)
      for (auto& o : r.ops) scan(o);
    for (auto& n : names) {
      auto it = image.mod->vars.find(n);
      if (it == image.mod->vars.end() || it->second.space != Space::Shared) continue;
      const Var& v = it->second;
      if (v.size == 0) {
        dynAlign = std::max(dynAlign, v.align);
        dyn.push_back({fc.get(), n});
        continue;
      }
      if (!modulePlaced.count(n)) modulePlaced[n] = place(v);
      fc->shared[n] = modulePlaced[n];
    }
  }
  cur = (cur + dynAlign - 1) / dynAlign * dynAlign;
  prog.dynOffset = cur;
  for (auto& [fc, n] : dyn) fc->shared[n] = cur;
  prog.redzones.assign((cur - kSharedBase) / 4, 1);
  for (auto& v : prog.sharedVars)
    for (u32 w = v.off / 4; w < (v.off + v.size + 3) / 4; ++w) prog.redzones[w - kSharedBase / 4] = 0;
}

void Decoder::layoutFunction(FuncCtx& c) {
  const Func& f = *c.f;
  for (auto& r : f.regs)
    if (r.ty == Ty::Pred) {
      c.regs.push_back({prog.regBytes, 0});
      prog.regBytes += 4;
    } else
      c.regs.push_back({});
  for (size_t k = 0; k < f.regs.size(); ++k)
    if (f.regs[k].ty != Ty::Pred) {
      if (f.regs[k].ty == Ty::B128) throw PtxError("128-bit registers are not supported (" + demangle(f.name) + ")");
      c.regs[k] = reserve(32 * laneWidth(f.regs[k].ty));
    }
  auto local = [&](const Var& v) {
    u32 al = std::max(v.align, 1u);
    prog.localBytes = (prog.localBytes + al - 1) / al * al;
    c.local[v.name] = {prog.localBytes, (u32)v.size};
    prog.localBytes += (u32)v.size;
  };
  for (auto& v : f.vars)
    if (v.space == Space::Local || v.space == Space::Param) local(v);
  if (f.entry) {
    for (auto& v : f.params) {
      u32 al = std::max(v.align, 1u);
      prog.paramBytes = (prog.paramBytes + al - 1) / al * al;
      c.param[v.name] = {prog.paramBytes, (u32)v.size};
      prog.params.push_back({prog.paramBytes, (u32)v.size});
      prog.paramBytes += (u32)v.size;
    }
  } else {
    for (auto& v : f.params) local(v);
    for (auto& v : f.rets) local(v);
    c.retPc = reserve(128);
  }
}

void Decoder::body(FuncCtx& c) {
  static const RawInst endMarker = [] {
    RawInst r;
    r.op = "ret";
    r.text = "(end of function)";
    return r;
  }();
  c.start = (u32)prog.code.size();
  c.bodyToCode.resize(c.f->body.size() + 1);
  for (size_t k = 0; k < c.f->body.size(); ++k) {
    const RawInst& r = c.f->body[k];
    c.bodyToCode[k] = (u32)prog.code.size();
    DecodeFn fn = findOp(r.op);
    if (!fn)
      throw PtxError("PTX line " + std::to_string(r.line) + ": unknown opcode in '" + r.text + "' (function " +
                     demangle(c.f->name) + ")");
    Inst i;
    i.raw = &r;
    i.func = c.f;
    if (r.pred >= 0) {
      i.pred = (i32)c.regs[r.pred].off;
      i.pneg = r.pneg;
    }
    Dec d(*this, c, r, i);
    try {
      fn(d);
      d.finish();
    } catch (std::out_of_range&) {
      d.bad("operand count");
    } catch (PtxError& e) {
      if (strstr(e.what(), "PTX line")) throw;
      throw PtxError("PTX line " + std::to_string(r.line) + ": " + e.what() + " in '" + r.text + "'");
    }
    // a decoder may have emitted instructions of its own in front (calls); this one goes last unless it is empty
    if (i.fn || i.ctl != Ctl::None) {
      i.idx = (u32)prog.code.size();
      prog.code.push_back(i);
    }
    for (auto& f : branchFixes)
      if (f.inst == ~0u) f.inst = (u32)prog.code.size() - 1;
    for (auto& f : callFixes)
      if (f.first == ~0u) f.first = (u32)prog.code.size() - 1;
    if (r.op == "call") decodeCallReturns(*this, c, r);
  }
  c.bodyToCode.back() = (u32)prog.code.size();
  Inst& e = emit(c, endMarker);
  e.ctl = c.f->entry ? Ctl::Exit : Ctl::Ret;
  e.e = c.retPc;
}

void Decoder::build(const Func& entry) {
  prog.entry = &entry;
  prog.name = entry.name;
  prog.pretty = demangle(entry.name);
  collect(entry);
  layoutShared();
  for (auto& f : funcs) layoutFunction(*f);
  prog.localBytes = (prog.localBytes + 15) & ~15u;
  prog.paramBytes = (prog.paramBytes + 7) & ~7u;
  for (auto& f : funcs) body(*f);
  for (auto& x : branchFixes) prog.code[x.inst].target = x.f->bodyToCode[x.label];
  for (auto& x : callFixes) prog.code[x.first].target = x.second->start;
  for (auto& [t, f] : tableFixes)
    for (auto& v : *t) v = f->bodyToCode[v];
  prog.constBytes = constData.size();
  prog.consts = (char*)aligned_alloc(64, (constData.size() + 127) & ~63ull);
  memcpy(prog.consts, constData.data(), constData.size());
  prog.regBytes = (prog.regBytes + 63) & ~63u;
}

// ---- Image -------------------------------------------------------------------------------------------------
Image::Image(const string& ptx) : mod(parsePtx(ptx)) {
  DevMem& m = DevMem::get();
  for (auto& [n, v] : mod->vars)
    if (v.space == Space::Global || v.space == Space::Const) {
      if (v.isExtern) throw PtxError("external variable " + n + " (separate compilation is not supported)");
      u64 a = m.alloc(std::max<u64>(v.size, 1), demangle(n));
      if (!a) throw PtxError("out of device memory for " + n);
      varAddr[n] = a;
      memset(m.alias(a), 0, v.size);
      if (!v.init.empty()) memcpy(m.alias(a), v.init.data(), v.init.size());
    }
  for (auto& [n, v] : mod->vars)
    for (auto& r : v.relocs) {
      auto it = varAddr.find(r.sym);
      if (it == varAddr.end()) throw PtxError("initialiser of " + n + " refers to " + r.sym);
      u64 a = it->second + r.add;
      memcpy(m.alias(varAddr[n]) + r.off, &a, 8);
    }
}
u64 Image::variable(const string& n) const {
  auto it = varAddr.find(n);
  return it == varAddr.end() ? 0 : it->second;
}
Program& Image::kernel(const string& n) {
  auto it = progs.find(n);
  if (it != progs.end()) return *it->second;
  auto f = mod->funcs.find(n);
  if (f == mod->funcs.end() || !f->second.entry) throw PtxError("no kernel " + n);
  auto p = std::make_unique<Program>();
  p->image = this;
  Decoder(*this, *p).build(f->second);
  return *(progs[n] = std::move(p));
}
}  // namespace vgpu
