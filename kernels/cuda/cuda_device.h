// One NVIDIA GPU as a device.
//
// Device memory is cudaMalloc's, host memory is pinned. Streams do not synchronize with the default stream.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/device/device.h"
#include "core/ops/ops.h"

namespace convoy::cuda {

// What this process sees. No driver, no GPU or a GPU too old is no error: devices is then 0 and `reason` says why, with
// the remedy.
struct CudaPresence {
  int devices = 0;
  bool has_driver = true;  // false: this is a machine without NVIDIA's driver, as most are
  std::string reason;
};
CudaPresence find_cuda();
std::pair<std::string, size_t> memory_of(int ordinal);  // a device's name and bytes in all
std::string pci_address(int ordinal);                   // "0000:07:00.0", of a device this process sees
std::string versions();                                 // "runtime 13.0, driver 13.0"; driver none where there is none

struct CudaDeviceOptions {
  int ordinal = 0;    // among the devices this process sees
  bool tf32 = false;  // f32 products round their operands to 10 bits of mantissa and run on tensor cores
};
// Throws ConfigError if the device is older than compute capability 8.0 or does not exist.
std::unique_ptr<Device> make_cuda_device(const CudaDeviceOptions& options);

// The operators of any CUDA device, to plan with where there is none: they tell their scratch, which is the same on
// every device, and cannot run.
std::unique_ptr<Ops> make_planning_ops();

}  // namespace convoy::cuda
