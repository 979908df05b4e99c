// Where the registers and variables of a program lie.
#include <algorithm>
#include <functional>

#include "tests/virtual_gpu/interpreter/lanes.h"
#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {
namespace {

constexpr u32 kSharedRedZoneBytes = 128;  // after every shared variable

template <class N>
N round_up(N value, u32 multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

std::set<std::string> names_used(const Function& f) {
  std::set<std::string> names;
  std::function<void(const ParsedOperand&)> scan = [&](const ParsedOperand& o) {
    if (!o.name.empty()) names.insert(o.name);
    for (const ParsedOperand& element : o.v) scan(element);
  };
  for (const ParsedInst& parsed : f.body)
    for (const ParsedOperand& o : parsed.ops) scan(o);
  return names;
}

}  // namespace

// ---- shared memory: static variables with red zones between them, then dynamic shared memory ----
void ProgramBuilder::layout_shared() {
  std::vector<std::pair<PlacedFunction*, std::string>> dynamic;
  for (auto& placed : functions_) {
    for (const Variable& variable : placed->f->vars)
      if (variable.space == Space::Shared) placed->shared[variable.name] = place_shared(variable);
    find_module_shared(*placed, dynamic);
  }
  shared_end_ = round_up(shared_end_, dynamic_alignment_);
  prog.dyn_offset = shared_end_;
  for (auto& [placed, name] : dynamic) placed->shared[name] = shared_end_;
  prog.redzones.assign((shared_end_ - kSharedBase) / 4, 1);
  for (const SharedVar& variable : prog.shared_vars)
    for (u32 word = variable.off / 4; word < (variable.off + variable.size + 3) / 4; ++word)
      prog.redzones[word - kSharedBase / 4] = 0;
}

// Variables of module scope lie in a program only if it uses them.
void ProgramBuilder::find_module_shared(PlacedFunction& placed,
                                        std::vector<std::pair<PlacedFunction*, std::string>>& dynamic) {
  for (const std::string& name : names_used(*placed.f)) {
    auto it = image.mod->vars.find(name);
    if (it == image.mod->vars.end() || it->second.space != Space::Shared) continue;
    const Variable& variable = it->second;
    if (variable.size == 0) {
      dynamic_alignment_ = std::max(dynamic_alignment_, variable.align);
      dynamic.push_back({&placed, name});
      continue;
    }
    if (!module_shared_.count(name)) module_shared_[name] = place_shared(variable);
    placed.shared[name] = module_shared_[name];
  }
}

u32 ProgramBuilder::place_shared(const Variable& variable) {
  const u32 size = static_cast<u32>(variable.size);
  const u32 off = round_up(shared_end_, std::max(variable.align, 16u));
  prog.shared_vars.push_back({variable.name, off, size});
  prog.shared_static = round_up(prog.shared_static, variable.align) + size;
  shared_end_ = round_up(off + size, 16) + kSharedRedZoneBytes;
  return off;
}

// ---- registers, local memory, parameters ----
void ProgramBuilder::layout_function(PlacedFunction& placed) {
  const Function& f = *placed.f;
  placed.regs.resize(f.regs.size());
  for (size_t k = 0; k < f.regs.size(); ++k) {
    if (f.regs[k].ty != Type::Pred) continue;
    placed.regs[k] = {prog.reg_bytes, 0};
    prog.reg_bytes += 4;
  }
  for (size_t k = 0; k < f.regs.size(); ++k) {
    if (f.regs[k].ty == Type::Pred) continue;
    if (f.regs[k].ty == Type::B128) throw PtxError("128-bit registers are not supported (" + demangle(f.name) + ")");
    placed.regs[k] = reserve(kLanes * lane_width(f.regs[k].ty));
  }
  for (const Variable& variable : f.vars)
    if (variable.space == Space::Local || variable.space == Space::Param)
      placed.local[variable.name] = place_local(variable);
  if (f.entry) {
    for (const Variable& parameter : f.params) placed.param[parameter.name] = place_parameter(parameter);
    return;
  }
  for (const Variable& parameter : f.params) placed.local[parameter.name] = place_local(parameter);
  for (const Variable& result : f.rets) placed.local[result.name] = place_local(result);
  placed.return_pc = reserve(kLanes * sizeof(u32));
}

Slot ProgramBuilder::place_local(const Variable& variable) {
  const Slot slot{round_up(prog.local_bytes, std::max(variable.align, 1u)), static_cast<u32>(variable.size)};
  prog.local_bytes = slot.off + slot.size;
  return slot;
}

Slot ProgramBuilder::place_parameter(const Variable& variable) {
  const Slot slot{round_up(prog.param_bytes, std::max(variable.align, 1u)), static_cast<u32>(variable.size)};
  prog.params.push_back({slot.off, slot.size});
  prog.param_bytes = slot.off + slot.size;
  return slot;
}

}  // namespace convoy::vgpu
