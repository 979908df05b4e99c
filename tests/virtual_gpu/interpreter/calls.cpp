#include "tests/virtual_gpu/interpreter/calls.h"

#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/interpreter/lanes.h"

namespace convoy::vgpu {
namespace {

// imm: from, target: to, flops: bytes, all in the lane's local memory.
void copy_local(Warp& w, const Inst& i, u32 m) {
  for_lanes(m, [&](int l) {
    u8* local = w.local + static_cast<u64>(l) * w.local_stride;
    std::memcpy(local + i.target, local + i.imm, i.flops);
  });
}

void emit_copy(ProgramBuilder& builder, PlacedFunction& caller, const ParsedInst& call, Slot from, Slot to) {
  Inst& copy = builder.emit(caller, call);
  copy.fn = copy_local;
  copy.imm = from.off;
  copy.target = to.off;
  copy.flops = std::min(from.size, to.size);
  if (call.pred < 0) return;
  copy.pred = static_cast<i32>(caller.regs[call.pred].off);
  copy.pred_negated = call.pred_negated;
}

Slot local_slot(InstDecoder& d, const ParsedOperand& o) {
  Slot slot;
  slot.off = d.local_var(o, slot.size);
  return slot;
}

void decode_library_call(InstDecoder& d, const std::string& name) {
  const ParsedOperand &results = d.op(0), &arguments = d.op(2);
  auto offsets = std::make_unique<std::vector<u32>>();
  for (const ParsedOperand& argument : arguments.v) offsets->push_back(local_slot(d, argument).off);
  d.i.table = offsets.get();
  d.D.prog.tables.push_back(std::move(offsets));
  d.i.f1 = !results.v.empty();
  if (d.i.f1) d.i.imm = local_slot(d, results.v[0]).off;
  d.i.fn = find_builtin(name);
}

void decode_call(InstDecoder& d) {
  d.has("uni");
  const std::string& name = d.op(1).name;
  PlacedFunction* callee = d.D.placed(name);
  if (!callee) return decode_library_call(d, name);
  const std::vector<ParsedOperand>& arguments = d.op(2).v;
  if (arguments.size() != callee->f->params.size() || d.op(0).v.size() > callee->f->rets.size())
    d.bad("call arguments");
  for (size_t k = 0; k < arguments.size(); ++k)
    emit_copy(d.D, d.f, d.r, local_slot(d, arguments[k]), callee->local[callee->f->params[k].name]);
  d.i.ctl = Control::Call;
  d.i.e = callee->return_pc;
  d.D.call_to(*callee);
}

PTX_OP("call", decode_call);

}  // namespace

void decode_call_returns(ProgramBuilder& builder, PlacedFunction& caller, const ParsedInst& call) {
  PlacedFunction* callee = builder.placed(call.ops.at(1).name);
  if (!callee) return;
  const std::vector<ParsedOperand>& results = call.ops[0].v;
  for (size_t k = 0; k < results.size(); ++k)
    emit_copy(builder, caller, call, callee->local[callee->f->rets[k].name], caller.local.at(results[k].name));
}

}  // namespace convoy::vgpu
