// A loaded module: its variables in device memory and its kernels, decoded when first asked for.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "tests/virtual_gpu/interpreter/program.h"
#include "tests/virtual_gpu/ptx/ptx.h"

namespace convoy::vgpu {

struct Image {
  explicit Image(const std::string& ptx);  // throws PtxError

  Program& kernel(const std::string& name);     // throws PtxError, naming the PTX line that is not supported
  u64 variable(const std::string& name) const;  // device address of a .global or .const variable, 0 if unknown

  std::unique_ptr<Module> mod;
  std::map<std::string, u64> var_addr;
  std::map<std::string, std::unique_ptr<Program>> progs;
};

}  // namespace convoy::vgpu
