// Register vectors and addresses of one instruction.
#include "tests/virtual_gpu/interpreter/decoder.h"
#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {

const Operand* InstDecoder::keep(std::vector<Operand> v) {
  D.prog.vecs.push_back(std::make_unique<std::vector<Operand>>(std::move(v)));
  return D.prog.vecs.back()->data();
}

// With Type::None the first register says how wide the elements are.
const Operand* InstDecoder::vec(const ParsedOperand& o, Type t, bool is_dst, int expected) {
  const std::vector<ParsedOperand> single{o};
  const std::vector<ParsedOperand>& elements = o.kind == ParsedOperand::Vec ? o.v : single;
  if (t == Type::None) {
    t = i.ty;
    for (const ParsedOperand& element : elements) {
      if (element.kind != ParsedOperand::Reg) continue;
      u8 width = 0;
      any(element, width);
      t = width == 8 ? Type::B64 : Type::B32;
      break;
    }
  }
  std::vector<Operand> rows;
  for (const ParsedOperand& element : elements) rows.push_back(is_dst ? dst(element, t) : src(element, t));
  if (expected && static_cast<int>(rows.size()) != expected) bad("number of vector elements");
  return keep(std::move(rows));
}

u32 InstDecoder::local_var(const ParsedOperand& o, u32& size) {
  auto it = f.local.find(o.name);
  if (it == f.local.end()) bad("variable " + o.name);
  size = it->second.size;
  return it->second.off;
}

void InstDecoder::address(int k, Space space) {
  const ParsedOperand& o = op(k);
  if (o.kind != ParsedOperand::Mem) bad("address");
  i.imm = o.off;
  if (o.reg >= 0) {
    ParsedOperand base = o;
    base.kind = ParsedOperand::Reg;
    i.a = any(base, i.wide);
    return;
  }
  i.wide = 8;
  if (o.name.empty())
    i.a = D.constant(o.imm, 8);
  else
    symbol_address(o, space);
}

void InstDecoder::symbol_address(const ParsedOperand& o, Space space) {
  if (auto it = f.local.find(o.name); it != f.local.end()) {
    i.space = Space::Local;
    i.imm += it->second.off;
    i.a = D.constant(0, 8);
  } else if (auto param = f.param.find(o.name); param != f.param.end()) {
    if (space != Space::Param) bad("address of a parameter");
    i.wide = 0;  // the offset is all
    i.imm += param->second.off;
    if (i.imm < 0 || static_cast<u64>(i.imm) + i.size * i.vec > D.prog.param_bytes) bad("parameter offset");
  } else if (auto shared = f.shared.find(o.name); shared != f.shared.end()) {
    i.space = Space::Shared;
    i.a = D.constant(shared->second, 8);
  } else if (const u64 address = D.image.variable(o.name)) {
    if (i.space == Space::Generic) i.space = Space::Global;
    i.a = D.constant(address, 8);
  } else {
    bad("symbol " + o.name);
  }
}

}  // namespace convoy::vgpu
