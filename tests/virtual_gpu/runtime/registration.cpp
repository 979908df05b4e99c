// The functions that nvcc's generated code calls: registration when the program starts, and the <<<>>> of launches.
#include <cuda_runtime_api.h>

#include <cstring>
#include <vector>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/images.h"
#include "tests/virtual_gpu/runtime/settings.h"

using namespace convoy::vgpu;

namespace {
constexpr uint32_t kWrapperMagic = 0x466243b1;
struct LaunchShape {
  dim3 grid, block;
  size_t shared_bytes;
  cudaStream_t stream;
};
thread_local std::vector<LaunchShape> pushed_launches;
}  // namespace

extern "C" {
void** __cudaRegisterFatBinary(void* wrapper) {
  const ApiLock lock;
  struct {
    uint32_t magic, version;
    const uint8_t* data;
  } w;
  memcpy(&w, wrapper, sizeof w);
  auto* binary = new FatBinary;
  if (w.magic == kWrapperMagic)
    binary->read(w.data);
  else
    complain("unknown fat binary wrapper");
  return reinterpret_cast<void**>(binary);
}

void __cudaRegisterFatBinaryEnd(void** binary) {
  if (!settings().decode_all) return;
  const ApiLock lock;
  decode_all_kernels(*reinterpret_cast<FatBinary*>(binary));
}

void __cudaUnregisterFatBinary(void**) {}
char __cudaInitModule(void**) { return 1; }

void __cudaRegisterFunction(void** binary, const char* host, char*, const char* name, int, uint3*, uint3*, dim3*, dim3*,
                            int*) {
  const ApiLock lock;
  register_kernel(host, reinterpret_cast<FatBinary*>(binary), name);
}

void __cudaRegisterVar(void** binary, char* host, char*, const char* name, int, size_t bytes, int, int) {
  const ApiLock lock;
  register_variable(host, reinterpret_cast<FatBinary*>(binary), name, bytes);
}

void __cudaRegisterManagedVar(void**, void**, char*, const char* name, int, size_t, int, int) {
  complain(std::string("__managed__ variable ") + name + " is not supported; use cudaMallocManaged");
}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream) {
  pushed_launches.push_back({grid, block, shared_bytes, stream});
  return 0;
}

cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared_bytes, void* stream) {
  const LaunchShape& launch = pushed_launches.back();
  *grid = launch.grid;
  *block = launch.block;
  *shared_bytes = launch.shared_bytes;
  memcpy(stream, &launch.stream, sizeof launch.stream);
  pushed_launches.pop_back();
  return cudaSuccess;
}

cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* function) {
  const ApiLock lock;
  *kernel = reinterpret_cast<cudaKernel_t>(find_kernel(function));
  return *kernel ? cudaSuccess : cudaErrorInvalidDeviceFunction;
}

cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared_bytes,
                               cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}

cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, size_t shared_bytes,
                                    cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, arguments, shared_bytes, stream);
}
}
