#include "launcher/cuda_support.h"

#include "core/base/error.h"

#ifdef CONVOY_WITH_CUDA
#include "kernels/cuda/cuda_device.h"

namespace convoy {

CudaSupport cuda_support() {
  const cuda::CudaPresence presence = cuda::find_cuda();
  return {true, presence.devices, presence.has_driver, presence.reason};
}

std::unique_ptr<Device> make_cuda_device(int ordinal, bool tf32) {
  return cuda::make_cuda_device({.ordinal = ordinal, .tf32 = tf32});
}

std::unique_ptr<Ops> make_cuda_planning_ops() { return cuda::make_planning_ops(); }

CudaMemory cuda_memory(int ordinal) {
  const auto [name, bytes] = cuda::memory_of(ordinal);
  return {name, bytes};
}

std::string cuda_pci_address(int ordinal) { return cuda::pci_address(ordinal); }

std::string cuda_versions() { return cuda::versions(); }

}  // namespace convoy
#else
namespace convoy {

CudaSupport cuda_support() {
  return {false, 0, true, "this build has no CUDA device; build with `cmake --preset cuda`, which needs nvcc"};
}

std::unique_ptr<Device> make_cuda_device(int, bool) { throw ConfigError(cuda_support().reason); }

std::unique_ptr<Ops> make_cuda_planning_ops() {
  throw ConfigError("a run with device = cuda is planned by the operators of that device, and " +
                    cuda_support().reason + ". Or plan for device=cpu");
}

CudaMemory cuda_memory(int) { throw ConfigError(cuda_support().reason); }

std::string cuda_pci_address(int) { throw ConfigError(cuda_support().reason); }

std::string cuda_versions() { return "not in this build"; }

}  // namespace convoy
#endif
