// bra, brx, ret, exit, trap. The block runner carries them out; here their targets are found.
#include "tests/virtual_gpu/interpreter/program_builder.h"

namespace convoy::vgpu {
namespace {

int body_index_of(InstDecoder& d, const std::string& label) {
  const int index = d.f.f->find_label(d.r.scope, label);
  if (index < 0) d.bad("label " + label);
  return index;
}

void decode_bra(InstDecoder& d) {
  d.has("uni");
  d.i.ctl = Control::Bra;
  d.D.branch_to(d.f, body_index_of(d, d.op(0).name));
}

const std::vector<std::string>& branch_targets(InstDecoder& d, const std::string& label) {
  const Function& function = *d.f.f;
  for (int scope = d.r.scope; scope >= 0; scope = function.scope_parent[scope])
    if (auto it = function.branch_targets.find({scope, label}); it != function.branch_targets.end()) return it->second;
  d.bad("branch table " + label);
}

void decode_brx(InstDecoder& d) {
  if (!d.has("idx")) d.bad("form");
  d.has("uni");
  d.i.ctl = Control::BraIdx;
  d.i.a = d.src(0, Type::U32);
  auto table = std::make_unique<std::vector<u32>>();
  for (const std::string& label : branch_targets(d, d.op(1).name)) table->push_back(body_index_of(d, label));
  d.i.table = table.get();
  d.D.table_of(table.get(), d.f);
  d.D.prog.tables.push_back(std::move(table));
}

void decode_ret(InstDecoder& d) {
  d.has("uni");
  d.i.ctl = d.f.f->entry ? Control::Exit : Control::Ret;
  d.i.e = d.f.return_pc;
}
void decode_exit(InstDecoder& d) { d.i.ctl = Control::Exit; }
void decode_trap(InstDecoder& d) { d.i.ctl = Control::Trap; }

PTX_OP("bra", decode_bra);
PTX_OP("brx", decode_brx);
PTX_OP("ret", decode_ret);
PTX_OP("exit", decode_exit);
PTX_OP("trap", decode_trap);
PTX_OP("brkpt", decode_trap);

}  // namespace
}  // namespace convoy::vgpu
