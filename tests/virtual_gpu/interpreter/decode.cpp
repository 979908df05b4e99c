// decode.cpp - from syntax tree to executable program.
#include "tests/virtual_gpu/interpreter/decode.h"
#include <cxxabi.h>
#include <set>
#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {
using std::string;
using std::vector;

static std::map<string, DecodeFn>& op_table() {
  static std::map<string, DecodeFn> t;
  return t;
}
RegisterOp::RegisterOp(const char* name, DecodeFn fn) { op_table()[name] = fn; }
DecodeFn find_op(const string& name) {
  auto it = op_table().find(name);
  return it == op_table().end() ? nullptr : it->second;
}

string demangle(const string& s) {
  int st = 0;
  char* d = abi::__cxa_demangle(s.c_str(), nullptr, nullptr, &st);
  string r = st == 0 && d ? d : s;
  free(d);
  return r;
}

// ---- Dec ---------------------------------------------------------------------------------------------------
void InstDecoder::bad(const string& why) {
  throw PtxError("PTX line " + std::to_string(r.line) + ": unsupported " + why + " in '" + r.text + "' (function " +
                 demangle(f.f->name) + ")");
}
bool InstDecoder::has(const char* m) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k] && r.mods[k] == m) {
      used[k] = true;
      return true;
    }
  return false;
}
bool InstDecoder::has_prefix(const char* m) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k] && r.mods[k].rfind(m, 0) == 0) {
      used[k] = true;
      return true;
    }
  return false;
}
string InstDecoder::one_of(std::initializer_list<const char*> l) {
  for (auto m : l)
    if (has(m)) return m;
  return "";
}
bool InstDecoder::next_is_type() const {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) return parse_type(r.mods[k]) != Type::None;
  return false;
}
Type InstDecoder::type() {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) {
      Type t = parse_type(r.mods[k]);
      if (t != Type::None) {
        used[k] = true;
        return t;
      }
    }
  bad("missing type");
}
void InstDecoder::finish() {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used[k]) bad("modifier '." + r.mods[k] + "'");
  if (!i.fn && i.ctl == Control::None) bad("type");
}

static int lane_width(Type t) { return type_size(t) == 8 ? 8 : 4; }
Operand InstDecoder::constant(u64 v, int width) { return D.constant(v, width); }
Operand InstDecoder::scratch(int width) { return D.reserve(32 * width); }
Operand InstDecoder::src(const ParsedOperand& o, Type t) {
  int w = lane_width(t);
  switch (o.kind) {
    case ParsedOperand::Reg: {
      Type rt = f.f->regs[o.reg].ty;
      if (rt == Type::Pred) bad("predicate operand");
      if (lane_width(rt) != w) bad("register width");
      if (o.neg) bad("operand");
      return f.regs[o.reg];
    }
    case ParsedOperand::Imm: {
      u64 v = o.imm;
      if (o.fkind == 'd' && t == Type::F32) {
        double x;
        memcpy(&x, &v, 8);
        v = float_to_bits((float)x);
      } else if (o.fkind == 'f' && t == Type::F64) {
        double x = bits_to_float((u32)v);
        memcpy(&v, &x, 8);
      } else if (!o.fkind && (t == Type::F32 || t == Type::F64)) {
        double x = (double)(i64)v;
        if (t == Type::F64)
          memcpy(&v, &x, 8);
        else
          v = float_to_bits((float)x);
      }
      return D.constant(w == 4 ? (u32)v : v, w);
    }
    case ParsedOperand::Special:
      return D.special(o.name, w);
    case ParsedOperand::Sym: {
      u32 sz;
      if (auto it = f.shared.find(o.name); it != f.shared.end()) return D.constant(it->second + o.off, w);
      if (f.local.count(o.name)) return D.constant(local_var(o, sz) + o.off, w);
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
Operand InstDecoder::dst(const ParsedOperand& o, Type t) {
  if (o.kind == ParsedOperand::Sink) return scratch(lane_width(t));
  if (o.kind != ParsedOperand::Reg) bad("destination");
  if (f.f->regs[o.reg].ty == Type::Pred || lane_width(f.f->regs[o.reg].ty) != lane_width(t)) bad("destination width");
  return f.regs[o.reg];
}
Operand InstDecoder::any(const ParsedOperand& o, u8& width) {
  if (o.kind == ParsedOperand::Sink) {
    width = 8;
    return scratch(8);
  }
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty == Type::Pred) bad("register");
  width = lane_width(f.f->regs[o.reg].ty);
  return f.regs[o.reg];
}
Operand InstDecoder::predicate_dst(const ParsedOperand& o) {
  if (o.kind == ParsedOperand::Sink) return scratch(4);
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty != Type::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand InstDecoder::predicate_src(const ParsedOperand& o, bool& neg) {
  neg = o.neg;
  if (o.kind == ParsedOperand::Imm) return D.constant(o.imm ? ~0u : 0, 4);
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty != Type::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand InstDecoder::second_predicate_dst(const ParsedOperand& o) {
  if (o.alt < 0) return scratch(4);
  if (f.f->regs[o.alt].ty != Type::Pred) bad("predicate");
  return f.regs[o.alt];
}
const Operand* InstDecoder::keep(vector<Operand> v) {
  D.prog.vecs.push_back(std::make_unique<vector<Operand>>(std::move(v)));
  return D.prog.vecs.back()->data();
}
const Operand* InstDecoder::vec(const ParsedOperand& o, Type t, bool is_dst, int expect) {
  vector<Operand> v;
  vector<ParsedOperand> one{o};
  const vector<ParsedOperand>& list = o.kind == ParsedOperand::Vec ? o.v : one;
  u8 w0 = t == Type::None ? 0 : lane_width(t);
  for (auto& e : list)
    if (!w0 && e.kind == ParsedOperand::Reg) any(e, w0);
  Type et = t != Type::None ? t : w0 == 8 ? Type::B64 : Type::B32;
  if (t == Type::None && !w0) et = i.ty;
  for (auto& e : list) v.push_back(is_dst ? dst(e, et) : src(e, et));
  if (expect && (int)v.size() != expect) bad("number of vector elements");
  return keep(std::move(v));
}
u32 InstDecoder::local_var(const ParsedOperand& o, u32& size) {
  auto it = f.local.find(o.name);
  if (it == f.local.end()) bad("variable " + o.name);
  size = it->second.size;
  return it->second.off;
}
void InstDecoder::address(int k, Space sp) {
  const ParsedOperand& o = r.ops.at(k);
  if (o.kind != ParsedOperand::Mem) bad("address");
  i.imm = o.off;
  if (o.reg >= 0) {
    i.a = any(
        [&] {
          ParsedOperand q = o;
          q.kind = ParsedOperand::Reg;
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
    i.imm += local_var(o, sz);
    i.a = D.constant(0, 8);
    return;
  }
  if (auto it = f.param.find(o.name); it != f.param.end()) {
    if (sp != Space::Param) bad("address of a parameter");
    i.wide = 0;
    i.imm += it->second.off;
    if (i.imm < 0 || (u64)i.imm + i.size * i.vec > D.prog.param_bytes) bad("parameter offset");
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
u64 InstDecoder::immediate(int k) {
  const ParsedOperand& o = r.ops.at(k);
  if (o.kind != ParsedOperand::Imm) bad("non-constant operand");
  return o.imm;
}

// ---- Decoder -----------------------------------------------------------------------------------------------
Operand ProgramBuilder::constant(u64 v, int width) {
  auto [it, fresh] = consts.try_emplace({v, width});
  if (fresh) {
    u32 off = (u32)const_data.size();
    const_data.resize(off + 32 * width);
    it->second = {off, 1};
    for (int l = 0; l < 32; ++l) memcpy(&const_data[off + l * width], &v, width);
  }
  return it->second;
}
Operand ProgramBuilder::reserve(u32 bytes) {
  u32 off = (prog.reg_bytes + 63) & ~63u;
  prog.reg_bytes = off + bytes;
  return {off, 0};
}
Operand ProgramBuilder::special(const string& name, int width) {
  static const std::map<string, SpecialRegister> table = {{"%tid.x", SpecialRegister::TidX},
                                                          {"%tid.y", SpecialRegister::TidY},
                                                          {"%tid.z", SpecialRegister::TidZ},
                                                          {"%ntid.x", SpecialRegister::NtidX},
                                                          {"%ntid.y", SpecialRegister::NtidY},
                                                          {"%ntid.z", SpecialRegister::NtidZ},
                                                          {"%ctaid.x", SpecialRegister::CtaX},
                                                          {"%ctaid.y", SpecialRegister::CtaY},
                                                          {"%ctaid.z", SpecialRegister::CtaZ},
                                                          {"%nctaid.x", SpecialRegister::NctaX},
                                                          {"%nctaid.y", SpecialRegister::NctaY},
                                                          {"%nctaid.z", SpecialRegister::NctaZ},
                                                          {"%laneid", SpecialRegister::Lane},
                                                          {"%warpid", SpecialRegister::WarpId},
                                                          {"%nwarpid", SpecialRegister::NWarp},
                                                          {"%lanemask_eq", SpecialRegister::MaskEq},
                                                          {"%lanemask_le", SpecialRegister::MaskLe},
                                                          {"%lanemask_lt", SpecialRegister::MaskLt},
                                                          {"%lanemask_ge", SpecialRegister::MaskGe},
                                                          {"%lanemask_gt", SpecialRegister::MaskGt},
                                                          {"%smid", SpecialRegister::SmId},
                                                          {"%nsmid", SpecialRegister::NSmId},
                                                          {"%gridid", SpecialRegister::GridId},
                                                          {"%dynamic_smem_size", SpecialRegister::DynSmem},
                                                          {"%total_smem_size", SpecialRegister::TotalSmem},
                                                          {"%clusterid.x", SpecialRegister::CtaX},
                                                          {"%clusterid.y", SpecialRegister::CtaY},
                                                          {"%clusterid.z", SpecialRegister::CtaZ},
                                                          {"%nclusterid.x", SpecialRegister::NctaX},
                                                          {"%nclusterid.y", SpecialRegister::NctaY},
                                                          {"%nclusterid.z", SpecialRegister::NctaZ},
                                                          {"%cluster_ctaid.x", SpecialRegister::Zero},
                                                          {"%cluster_ctaid.y", SpecialRegister::Zero},
                                                          {"%cluster_ctaid.z", SpecialRegister::Zero},
                                                          {"%cluster_nctaid.x", SpecialRegister::One},
                                                          {"%cluster_nctaid.y", SpecialRegister::One},
                                                          {"%cluster_nctaid.z", SpecialRegister::One},
                                                          {"%cluster_ctarank", SpecialRegister::Zero},
                                                          {"%cluster_nctarank", SpecialRegister::One},
                                                          {"%is_explicit_cluster", SpecialRegister::Zero},
                                                          {"%envreg1", SpecialRegister::GridWsHi},
                                                          {"%envreg2", SpecialRegister::GridWsLo}};
  string key = name + (width == 8 ? "/8" : "");
  auto it = specials.find(key);
  if (it != specials.end()) return it->second;
  auto t = table.find(name);
  if (t == table.end()) throw PtxError("unsupported special register " + name);
  Operand o = reserve(32 * width);
  prog.sregs.push_back({t->second, o.off, (u8)width});
  return specials[key] = o;
}
Inst& ProgramBuilder::emit(PlacedFunction& f, const ParsedInst& r) {
  prog.code.emplace_back();
  Inst& i = prog.code.back();
  i.raw = &r;
  i.func = f.f;
  i.idx = (u32)prog.code.size() - 1;
  return i;
}
PlacedFunction* ProgramBuilder::context(const string& n) {
  auto it = by_name.find(n);
  return it == by_name.end() ? nullptr : it->second;
}

void ProgramBuilder::collect(const Function& f) {  // the entry and every function it can reach; recursion is refused
  for (auto& v : visiting)
    if (v == f.name) throw PtxError("recursive device function " + demangle(f.name) + " is not supported");
  if (by_name.count(f.name)) return;
  visiting.push_back(f.name);
  funcs.push_back(std::make_unique<PlacedFunction>());
  PlacedFunction* c = funcs.back().get();
  c->f = &f;
  by_name[f.name] = c;
  for (auto& r : f.body)
    if (r.op == "call") {
      const ParsedOperand& t = r.ops.at(1);
      if (t.kind == ParsedOperand::Reg)
        throw PtxError("PTX line " + std::to_string(r.line) + ": indirect calls are not supported: " + r.text);
      auto it = image.mod->funcs.find(t.name);
      if (it != image.mod->funcs.end() && it->second.has_body) {
        for (auto& v : visiting)
          if (v == t.name) throw PtxError("recursive device function " + demangle(t.name) + " is not supported");
        collect(it->second);
      } else if (!find_builtin(t.name))
        throw PtxError("PTX line " + std::to_string(r.line) + ": call of unknown function " + t.name);
    }
  visiting.pop_back();
}

void ProgramBuilder::layout_shared() {
  constexpr u32 kRed = 128;
  u32 cur = kSharedBase;
  u32 dyn_align = 16;
  std::set<string> done;
  vector<std::pair<PlacedFunction*, string>> dyn;
  auto place = [&](const Variable& v) {
    u32 al = std::max(v.align, 16u);
    cur = (cur + al - 1) / al * al;
    u32 off = cur;
    prog.shared_vars.push_back({v.name, off, (u32)v.size});
    prog.shared_static = (prog.shared_static + v.align - 1) / v.align * v.align + (u32)v.size;
    cur = (off + (u32)v.size + 15) / 16 * 16 + kRed;
    return off;
  };
  std::map<string, u32> module_placed;
  for (auto& fc : funcs) {
    for (auto& v : fc->f->vars)
      if (v.space == Space::Shared) fc->shared[v.name] = place(v);
    std::set<string> names;
    std::function<void(const ParsedOperand&)> scan = [&](const ParsedOperand& o) {
      if (!o.name.empty()) names.insert(o.name);
      for (auto& e : o.v) scan(e);
    };
    for (auto& r : fc->f->body)
      for (auto& o : r.ops) scan(o);
    for (auto& n : names) {
      auto it = image.mod->vars.find(n);
      if (it == image.mod->vars.end() || it->second.space != Space::Shared) continue;
      const Variable& v = it->second;
      if (v.size == 0) {
        dyn_align = std::max(dyn_align, v.align);
        dyn.push_back({fc.get(), n});
        continue;
      }
      if (!module_placed.count(n)) module_placed[n] = place(v);
      fc->shared[n] = module_placed[n];
    }
  }
  cur = (cur + dyn_align - 1) / dyn_align * dyn_align;
  prog.dyn_offset = cur;
  for (auto& [fc, n] : dyn) fc->shared[n] = cur;
  prog.redzones.assign((cur - kSharedBase) / 4, 1);
  for (auto& v : prog.shared_vars)
    for (u32 w = v.off / 4; w < (v.off + v.size + 3) / 4; ++w) prog.redzones[w - kSharedBase / 4] = 0;
}

void ProgramBuilder::layout_function(PlacedFunction& c) {
  const Function& f = *c.f;
  for (auto& r : f.regs)
    if (r.ty == Type::Pred) {
      c.regs.push_back({prog.reg_bytes, 0});
      prog.reg_bytes += 4;
    } else
      c.regs.push_back({});
  for (size_t k = 0; k < f.regs.size(); ++k)
    if (f.regs[k].ty != Type::Pred) {
      if (f.regs[k].ty == Type::B128) throw PtxError("128-bit registers are not supported (" + demangle(f.name) + ")");
      c.regs[k] = reserve(32 * lane_width(f.regs[k].ty));
    }
  auto local = [&](const Variable& v) {
    u32 al = std::max(v.align, 1u);
    prog.local_bytes = (prog.local_bytes + al - 1) / al * al;
    c.local[v.name] = {prog.local_bytes, (u32)v.size};
    prog.local_bytes += (u32)v.size;
  };
  for (auto& v : f.vars)
    if (v.space == Space::Local || v.space == Space::Param) local(v);
  if (f.entry) {
    for (auto& v : f.params) {
      u32 al = std::max(v.align, 1u);
      prog.param_bytes = (prog.param_bytes + al - 1) / al * al;
      c.param[v.name] = {prog.param_bytes, (u32)v.size};
      prog.params.push_back({prog.param_bytes, (u32)v.size});
      prog.param_bytes += (u32)v.size;
    }
  } else {
    for (auto& v : f.params) local(v);
    for (auto& v : f.rets) local(v);
    c.return_pc = reserve(128);
  }
}

void ProgramBuilder::body(PlacedFunction& c) {
  static const ParsedInst end_marker = [] {
    ParsedInst r;
    r.op = "ret";
    r.text = "(end of function)";
    return r;
  }();
  c.start = (u32)prog.code.size();
  c.body_to_code.resize(c.f->body.size() + 1);
  for (size_t k = 0; k < c.f->body.size(); ++k) {
    const ParsedInst& r = c.f->body[k];
    c.body_to_code[k] = (u32)prog.code.size();
    DecodeFn fn = find_op(r.op);
    if (!fn)
      throw PtxError("PTX line " + std::to_string(r.line) + ": unknown opcode in '" + r.text + "' (function " +
                     demangle(c.f->name) + ")");
    Inst i;
    i.raw = &r;
    i.func = c.f;
    if (r.pred >= 0) {
      i.pred = (i32)c.regs[r.pred].off;
      i.pred_negated = r.pred_negated;
    }
    InstDecoder d(*this, c, r, i);
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
    if (i.fn || i.ctl != Control::None) {
      i.idx = (u32)prog.code.size();
      prog.code.push_back(i);
    }
    for (auto& f : branch_fixes)
      if (f.inst == ~0u) f.inst = (u32)prog.code.size() - 1;
    for (auto& f : call_fixes)
      if (f.first == ~0u) f.first = (u32)prog.code.size() - 1;
    if (r.op == "call") decode_call_returns(*this, c, r);
  }
  c.body_to_code.back() = (u32)prog.code.size();
  Inst& e = emit(c, end_marker);
  e.ctl = c.f->entry ? Control::Exit : Control::Ret;
  e.e = c.return_pc;
}

void ProgramBuilder::build(const Function& entry) {
  prog.entry = &entry;
  prog.name = entry.name;
  prog.pretty = demangle(entry.name);
  collect(entry);
  layout_shared();
  for (auto& f : funcs) layout_function(*f);
  prog.local_bytes = (prog.local_bytes + 15) & ~15u;
  prog.param_bytes = (prog.param_bytes + 7) & ~7u;
  for (auto& f : funcs) body(*f);
  for (auto& x : branch_fixes) prog.code[x.inst].target = x.f->body_to_code[x.label];
  for (auto& x : call_fixes) prog.code[x.first].target = x.second->start;
  for (auto& [t, f] : table_fixes)
    for (auto& v : *t) v = f->body_to_code[v];
  prog.const_bytes = const_data.size();
  prog.consts = (char*)aligned_alloc(64, (const_data.size() + 127) & ~63ull);
  memcpy(prog.consts, const_data.data(), const_data.size());
  prog.reg_bytes = (prog.reg_bytes + 63) & ~63u;
}

// ---- Image -------------------------------------------------------------------------------------------------
Image::Image(const string& ptx) : mod(parse_ptx(ptx)) {
  DeviceMemory& m = DeviceMemory::get();
  for (auto& [n, v] : mod->vars)
    if (v.space == Space::Global || v.space == Space::Const) {
      if (v.is_extern) throw PtxError("external variable " + n + " (separate compilation is not supported)");
      u64 a = m.allocate(std::max<u64>(v.size, 1), demangle(n));
      if (!a) throw PtxError("out of device memory for " + n);
      var_addr[n] = a;
      memset(m.to_host(a), 0, v.size);
      if (!v.init.empty()) memcpy(m.to_host(a), v.init.data(), v.init.size());
    }
  for (auto& [n, v] : mod->vars)
    for (auto& r : v.relocs) {
      auto it = var_addr.find(r.sym);
      if (it == var_addr.end()) throw PtxError("initialiser of " + n + " refers to " + r.sym);
      u64 a = it->second + r.add;
      memcpy(m.to_host(var_addr[n]) + r.off, &a, 8);
    }
}
u64 Image::variable(const string& n) const {
  auto it = var_addr.find(n);
  return it == var_addr.end() ? 0 : it->second;
}
Program& Image::kernel(const string& n) {
  auto it = progs.find(n);
  if (it != progs.end()) return *it->second;
  auto f = mod->funcs.find(n);
  if (f == mod->funcs.end() || !f->second.entry) throw PtxError("no kernel " + n);
  auto p = std::make_unique<Program>();
  p->image = this;
  ProgramBuilder(*this, *p).build(f->second);
  return *(progs[n] = std::move(p));
}
}  // namespace convoy::vgpu
