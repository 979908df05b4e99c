// Modifiers and operands of one instruction.
#include <cstring>

#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {
namespace {

// Filled by static constructors of other files, so it must be made at its first use.
std::map<std::string, DecodeFn>& op_table() {
  static std::map<std::string, DecodeFn> table;
  return table;
}

}  // namespace

RegisterOp::RegisterOp(const char* name, DecodeFn fn) { op_table()[name] = fn; }
DecodeFn find_op(const std::string& name) {
  auto it = op_table().find(name);
  return it == op_table().end() ? nullptr : it->second;
}

void InstDecoder::bad(const std::string& why) {
  throw PtxError("PTX line " + std::to_string(r.line) + ": unsupported " + why + " in '" + r.text + "' (function " +
                 demangle(f.f->name) + ")");
}

// ---- modifiers ----
bool InstDecoder::has(const char* modifier) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used_[k] && r.mods[k] == modifier) return used_[k] = true;
  return false;
}
bool InstDecoder::has_prefix(const char* prefix) {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used_[k] && r.mods[k].rfind(prefix, 0) == 0) return used_[k] = true;
  return false;
}
std::string InstDecoder::one_of(std::initializer_list<const char*> modifiers) {
  for (const char* modifier : modifiers)
    if (has(modifier)) return modifier;
  return "";
}
int InstDecoder::index_of(std::initializer_list<const char*> modifiers) {
  int index = 0;
  for (const char* modifier : modifiers) {
    if (has(modifier)) return index;
    ++index;
  }
  return -1;
}
bool InstDecoder::next_is_type() const {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used_[k]) return parse_type(r.mods[k]) != Type::None;
  return false;
}
Type InstDecoder::type() {
  for (size_t k = 0; k < r.mods.size(); ++k) {
    const Type found = used_[k] ? Type::None : parse_type(r.mods[k]);
    if (found == Type::None) continue;
    used_[k] = true;
    return found;
  }
  bad("missing type");
}
void InstDecoder::cache_hint() {
  if (!has("L2::cache_hint")) return;
  src(static_cast<int>(n()) - 1, Type::B64);
  ++policies_;
}
void InstDecoder::finish() {
  for (size_t k = 0; k < r.mods.size(); ++k)
    if (!used_[k]) bad("modifier '." + r.mods[k] + "'");
  if (!i.fn && i.ctl == Control::None) bad("type");
}

// ---- operands ----
Operand InstDecoder::constant(u64 value, int width) { return D.constant(value, width); }
Operand InstDecoder::scratch(int width) { return D.reserve(kLanes * width); }

Operand InstDecoder::src(const ParsedOperand& o, Type t) {
  switch (o.kind) {
    case ParsedOperand::Reg: {
      const Type declared = f.f->regs[o.reg].ty;
      if (declared == Type::Pred || o.neg) bad("predicate operand");
      if (lane_width(declared) != lane_width(t)) bad("register width");
      return f.regs[o.reg];
    }
    case ParsedOperand::Imm:
      return immediate_src(o, t);
    case ParsedOperand::Special:
      return D.special(o.name, lane_width(t));
    case ParsedOperand::Sym:
      return symbol_src(o, lane_width(t));
    default:
      bad("operand");
  }
}
// Literals are in the instruction's type, except that f32 and f64 may be written in each other's form or as integers.
Operand InstDecoder::immediate_src(const ParsedOperand& o, Type t) {
  u64 bits = o.imm;
  const bool is_f32 = t == Type::F32, is_f64 = t == Type::F64;
  double value = 0;
  if (o.fkind == 'd')
    std::memcpy(&value, &bits, sizeof value);
  else
    value = o.fkind == 'f' ? bits_to_float(static_cast<u32>(bits)) : static_cast<double>(static_cast<i64>(bits));
  if (is_f32 && o.fkind != 'f') bits = float_to_bits(static_cast<float>(value));
  if (is_f64 && o.fkind != 'd') std::memcpy(&bits, &value, sizeof bits);
  const int width = lane_width(t);
  return D.constant(width == 4 ? static_cast<u32>(bits) : bits, width);
}
Operand InstDecoder::symbol_src(const ParsedOperand& o, int width) {
  if (auto it = f.shared.find(o.name); it != f.shared.end()) return D.constant(it->second + o.off, width);
  if (auto it = f.local.find(o.name); it != f.local.end()) return D.constant(it->second.off + o.off, width);
  if (auto it = f.param.find(o.name); it != f.param.end()) return D.constant(it->second.off + o.off, width);
  if (const u64 address = D.image.variable(o.name)) {
    if (width != 8) bad("32-bit global address");
    return D.constant(address + o.off, width);
  }
  bad(D.image.mod->funcs.count(o.name) ? "function pointer" : "symbol " + o.name);
}
Operand InstDecoder::dst(const ParsedOperand& o, Type t) {
  if (o.kind == ParsedOperand::Sink) return scratch(lane_width(t));
  if (o.kind != ParsedOperand::Reg) bad("destination");
  const Type declared = f.f->regs[o.reg].ty;
  if (declared == Type::Pred || lane_width(declared) != lane_width(t)) bad("destination width");
  return f.regs[o.reg];
}
Operand InstDecoder::any(const ParsedOperand& o, u8& width) {
  if (o.kind == ParsedOperand::Sink) {
    width = 8;
    return scratch(8);
  }
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty == Type::Pred) bad("register");
  width = static_cast<u8>(lane_width(f.f->regs[o.reg].ty));
  return f.regs[o.reg];
}
void InstDecoder::operands(Type t, int sources) {
  if (static_cast<int>(n()) != sources + 1) bad("number of operands");
  i.d = dst(0, t);
  i.a = src(1, t);
  if (sources > 1) i.b = src(2, t);
  if (sources > 2) i.c = src(3, t);
}
u64 InstDecoder::immediate(int k) {
  if (op(k).kind != ParsedOperand::Imm) bad("non-constant operand");
  return op(k).imm;
}

// ---- predicates ----
Operand InstDecoder::predicate_dst(const ParsedOperand& o) {
  if (o.kind == ParsedOperand::Sink) return scratch(4);
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty != Type::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand InstDecoder::predicate_src(const ParsedOperand& o, bool& negated) {
  negated = o.neg;
  if (o.kind == ParsedOperand::Imm) return D.constant(o.imm ? kAllLanes : 0, 4);
  if (o.kind != ParsedOperand::Reg || f.f->regs[o.reg].ty != Type::Pred) bad("predicate");
  return f.regs[o.reg];
}
Operand InstDecoder::second_predicate_dst(const ParsedOperand& o) {
  if (o.alt < 0) return scratch(4);
  if (f.f->regs[o.alt].ty != Type::Pred) bad("predicate");
  return f.regs[o.alt];
}

}  // namespace convoy::vgpu
