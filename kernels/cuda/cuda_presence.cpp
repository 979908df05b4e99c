#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include <array>

#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_device.h"

namespace convoy::cuda {

namespace {

// What to do about the ways in which a machine lacks a usable GPU.
const char* remedy(cudaError_t status) {
  switch (status) {
    case cudaErrorInsufficientDriver:
      return "install a newer driver: this build's CUDA needs it (see nvidia-smi)";
    case cudaErrorNoDevice:
      return "no GPU is visible: look at CUDA_VISIBLE_DEVICES and nvidia-smi";
    default:
      return "look at nvidia-smi and the kernel's log";
  }
}

std::string version_text(int version) {
  return version == 0 ? "none" : fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

}  // namespace

std::pair<std::string, size_t> memory_of(int ordinal) {
  cudaDeviceProp properties{};
  CUDA_CHECK(cudaGetDeviceProperties(&properties, ordinal));
  return {properties.name, properties.totalGlobalMem};
}

std::string pci_address(int ordinal) {
  std::array<char, 32> text{};
  CUDA_CHECK(cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), ordinal));
  return text.data();
}

std::string versions() {
  int runtime = 0, driver = 0;
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaDriverGetVersion(&driver);
  return fmt::format("runtime {}, driver {}", version_text(runtime), version_text(driver));
}

CudaPresence find_cuda() {
  CudaPresence presence;
  int count = 0;  // left as it is where there is no driver
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) {
    presence.devices = count;
    return presence;
  }
  (void)cudaGetLastError();
  int driver = 0;
  if (status == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess && driver == 0) {
    presence.has_driver = false;
    presence.reason = "this machine has no NVIDIA driver, which CUDA needs; install it";
    return presence;
  }
  const cudaError_t what = status == cudaSuccess ? cudaErrorNoDevice : status;
  presence.reason = fmt::format("{} ({}); {}", cudaGetErrorString(what), cudaGetErrorName(what), remedy(what));
  return presence;
}

}  // namespace convoy::cuda
