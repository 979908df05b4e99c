#include "tests/virtual_gpu/interpreter/image.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/interpreter/program_builder.h"
#include "tests/virtual_gpu/runtime/device_memory.h"

namespace convoy::vgpu {
namespace {

bool has_address(const Variable& variable) { return variable.space == Space::Global || variable.space == Space::Const; }

u64 place(const std::string& name, const Variable& variable) {
  if (variable.is_extern)
    throw PtxError("external variable " + name + " (separate compilation, nvcc -rdc, is not supported)");
  DeviceMemory& memory = DeviceMemory::get();
  const u64 address = memory.allocate(std::max<u64>(variable.size, 1), demangle(name));
  if (!address) throw PtxError("out of device memory for " + name);
  std::memset(memory.to_host(address), 0, variable.size);
  if (!variable.init.empty()) std::memcpy(memory.to_host(address), variable.init.data(), variable.init.size());
  return address;
}

}  // namespace

Image::Image(const std::string& ptx) : mod(parse_ptx(ptx)) {
  for (auto& [name, declared] : mod->vars)
    if (has_address(declared)) var_addr[name] = place(name, declared);
  for (auto& [name, declared] : mod->vars)
    for (const Relocation& relocation : declared.relocs) {
      const u64 target = variable(relocation.sym);
      if (!target) throw PtxError("initialiser of " + name + " refers to " + relocation.sym);
      const u64 address = target + relocation.add;
      std::memcpy(DeviceMemory::get().to_host(var_addr[name]) + relocation.off, &address, sizeof address);
    }
}

u64 Image::variable(const std::string& name) const {
  auto it = var_addr.find(name);
  return it == var_addr.end() ? 0 : it->second;
}

Program& Image::kernel(const std::string& name) {
  if (auto it = progs.find(name); it != progs.end()) return *it->second;
  auto f = mod->funcs.find(name);
  if (f == mod->funcs.end() || !f->second.entry) throw PtxError("no kernel " + name);
  auto program = std::make_unique<Program>();
  program->image = this;
  ProgramBuilder(*this, *program).build(f->second);
  return *(progs[name] = std::move(program));
}

std::string demangle(const std::string& name) {
  int status = 0;
  char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  const std::string result = status == 0 && readable ? readable : name;
  std::free(readable);
  return result;
}

}  // namespace convoy::vgpu
