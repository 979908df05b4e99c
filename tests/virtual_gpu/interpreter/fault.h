// A kernel did what no kernel may do.
#pragma once

#include <string>

#include "tests/virtual_gpu/interpreter/fault_codes.h"
#include "tests/virtual_gpu/ptx/types.h"

namespace convoy::vgpu {

struct DeviceFault {  // thrown by handlers; the block runner adds where it happened
  int code;           // cudaError_t
  std::string what;
  int lane = -1;
};

[[noreturn]] void fault(int code, const std::string& what, int lane = -1);
std::string hex(u64 value);  // "0x1f"

}  // namespace convoy::vgpu
