#include "tests/virtual_gpu/interpreter/program_builder.h"

#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/interpreter/calls.h"
#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

std::string at_line(const ParsedInst& parsed) { return "PTX line " + std::to_string(parsed.line) + ": "; }

}  // namespace

int lane_width(Type type) { return type_size(type) == 8 ? 8 : 4; }

void ProgramBuilder::build(const Function& entry) {
  prog.entry = &entry;
  prog.name = entry.name;
  prog.pretty = demangle(entry.name);
  collect(entry);
  layout_shared();
  for (auto& placed : functions_) layout_function(*placed);
  prog.local_bytes = (prog.local_bytes + 15) & ~15u;
  prog.param_bytes = (prog.param_bytes + 7) & ~7u;
  for (auto& placed : functions_) decode_function(*placed);
  resolve_fixes();
  prog.const_bytes = constant_data_.size();
  prog.consts = static_cast<char*>(std::aligned_alloc(64, (constant_data_.size() + 127) & ~63ull));
  std::memcpy(prog.consts, constant_data_.data(), constant_data_.size());
  prog.reg_bytes = (prog.reg_bytes + 63) & ~63u;
}

// ---- for decoders ----
Operand ProgramBuilder::constant(u64 value, int width) {
  auto [it, is_new] = constants_.try_emplace({value, width});
  if (is_new) {
    const u32 off = static_cast<u32>(constant_data_.size());
    constant_data_.resize(off + kLanes * width);
    for (int l = 0; l < kLanes; ++l) std::memcpy(&constant_data_[off + l * width], &value, width);
    it->second = {off, 1};
  }
  return it->second;
}
Operand ProgramBuilder::reserve(u32 bytes) {
  const u32 off = (prog.reg_bytes + 63) & ~63u;
  prog.reg_bytes = off + bytes;
  return {off, 0};
}
Inst& ProgramBuilder::emit(PlacedFunction& function, const ParsedInst& parsed) {
  Inst& inst = prog.code.emplace_back();
  inst.raw = &parsed;
  inst.func = function.f;
  inst.idx = static_cast<u32>(prog.code.size()) - 1;
  return inst;
}
PlacedFunction* ProgramBuilder::placed(const std::string& name) {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}
// The instruction being decoded is appended after its decoder returns; until then nothing else may be. A call, which
// emits copies in front of itself, names its target last.
void ProgramBuilder::branch_to(PlacedFunction& function, int body_index) {
  branch_fixes_.push_back({static_cast<u32>(prog.code.size()), &function, body_index});
}
void ProgramBuilder::call_to(PlacedFunction& function) {
  call_fixes_.push_back({static_cast<u32>(prog.code.size()), &function});
}
void ProgramBuilder::table_of(std::vector<u32>* body_indices, PlacedFunction& function) {
  table_fixes_.push_back({body_indices, &function});
}

// ---- the functions of a program ----
void ProgramBuilder::collect(const Function& f) {
  for (const std::string& caller : call_path_)
    if (caller == f.name) throw PtxError("recursive device function " + demangle(f.name) + " is not supported");
  if (by_name_.count(f.name)) return;
  call_path_.push_back(f.name);
  functions_.push_back(std::make_unique<PlacedFunction>());
  functions_.back()->f = &f;
  by_name_[f.name] = functions_.back().get();
  for (const ParsedInst& parsed : f.body)
    if (parsed.op == "call") collect_callee(parsed);
  call_path_.pop_back();
}
void ProgramBuilder::collect_callee(const ParsedInst& call) {
  const ParsedOperand& target = call.ops.at(1);
  if (target.kind == ParsedOperand::Reg)
    throw PtxError(at_line(call) + "indirect calls are not supported: " + call.text);
  auto it = image.mod->funcs.find(target.name);
  if (it != image.mod->funcs.end() && it->second.has_body)
    collect(it->second);
  else if (!find_builtin(target.name))
    throw PtxError(at_line(call) + "call of unknown function " + target.name);
}

// ---- decoding ----
void ProgramBuilder::decode_function(PlacedFunction& placed) {
  static const ParsedInst end_marker = [] {
    ParsedInst parsed;
    parsed.op = "ret";
    parsed.text = "(end of function)";
    return parsed;
  }();
  placed.start = static_cast<u32>(prog.code.size());
  for (const ParsedInst& parsed : placed.f->body) {
    placed.body_to_code.push_back(static_cast<u32>(prog.code.size()));
    decode(placed, parsed);
    if (parsed.op == "call") decode_call_returns(*this, placed, parsed);
  }
  placed.body_to_code.push_back(static_cast<u32>(prog.code.size()));
  Inst& end = emit(placed, end_marker);
  end.ctl = placed.f->entry ? Control::Exit : Control::Ret;
  end.e = placed.return_pc;
}

void ProgramBuilder::decode(PlacedFunction& placed, const ParsedInst& parsed) {
  const DecodeFn decoder = find_op(parsed.op);
  if (!decoder)
    throw PtxError(at_line(parsed) + "unknown opcode in '" + parsed.text + "' (function " + demangle(placed.f->name) +
                   ")");
  Inst inst;
  inst.raw = &parsed;
  inst.func = placed.f;
  if (parsed.pred >= 0) {
    inst.pred = static_cast<i32>(placed.regs[parsed.pred].off);
    inst.pred_negated = parsed.pred_negated;
  }
  InstDecoder view(*this, placed, parsed, inst);
  try {
    decoder(view);
    view.finish();
  } catch (const std::out_of_range&) {
    view.bad("operand count");
  } catch (const PtxError& e) {
    if (std::strstr(e.what(), "PTX line")) throw;
    throw PtxError(at_line(parsed) + e.what() + " in '" + parsed.text + "'");
  }
  inst.idx = static_cast<u32>(prog.code.size());
  prog.code.push_back(inst);
}

void ProgramBuilder::resolve_fixes() {
  for (const BranchFix& fix : branch_fixes_) prog.code[fix.inst].target = fix.function->body_to_code[fix.body_index];
  for (auto& [inst, callee] : call_fixes_) prog.code[inst].target = callee->start;
  for (auto& [table, function] : table_fixes_)
    for (u32& entry : *table) entry = function->body_to_code[entry];
}

}  // namespace convoy::vgpu
