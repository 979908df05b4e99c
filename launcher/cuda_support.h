// What this build and this machine offer of CUDA: the only place that asks whether the build has a CUDA device.
#pragma once

#include <memory>
#include <string>

#include "core/device/device.h"
#include "core/ops/ops.h"

namespace convoy {

struct CudaSupport {
  bool in_build = false;
  int devices = 0;
  bool has_driver = true;  // NVIDIA's, on this machine
  std::string reason;      // why there is no device, with the remedy
};

CudaSupport cuda_support();
// Throws ConfigError if there is no such device.
std::unique_ptr<Device> make_cuda_device(int ordinal, bool tf32);
// Operators of any CUDA device, to plan with, GPU or not. Throws ConfigError if the build has none.
std::unique_ptr<Ops> make_cuda_planning_ops();
struct CudaMemory {
  std::string name;  // of the device
  size_t bytes = 0;
};
CudaMemory cuda_memory(int ordinal);
// "0000:07:00.0"
std::string cuda_pci_address(int ordinal);
// "13.0, driver 13.0"
std::string cuda_versions();

}  // namespace convoy
