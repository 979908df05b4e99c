// Attributes and occupancy of kernels.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "tests/virtual_gpu/interpreter/exec.h"
#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/images.h"

using namespace convoy::vgpu;

namespace {
// Calls body(kernel) once the kernel is decoded.
template <class Body>
cudaError_t with_kernel(const void* function, Body body) {
  const ApiLock lock;
  Kernel* kernel = find_kernel(function);
  if (const cudaError_t error = load_kernel(kernel)) return remember(error);
  return remember(body(*kernel));
}
}  // namespace

extern "C" {
cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  return with_kernel(function, [&](Kernel& kernel) {
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    const int static_bytes = static_cast<int>(kernel.program->shared_static);
    if (value < 0 || value + static_bytes > shared_bytes_per_block_optin()) {
      complain("cudaFuncSetAttribute asks for " + std::to_string(value) + " bytes of dynamic shared memory beside " +
               std::to_string(static_bytes) + " static ones; a block has " +
               std::to_string(shared_bytes_per_block_optin()));
      return cudaErrorInvalidValue;
    }
    kernel.max_dynamic_shared_bytes = std::max(value, kSharedBytesPerBlock);
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  return with_kernel(function, [&](const Kernel& kernel) {
    const Program& program = *kernel.program;
    memset(attributes, 0, sizeof *attributes);
    attributes->sharedSizeBytes = program.shared_static;
    attributes->localSizeBytes = program.local_bytes;
    attributes->maxThreadsPerBlock = program.entry->max_threads ? static_cast<int>(program.entry->max_threads) : 1024;
    attributes->numRegs = 32;  // ptxas decides that; nothing here does
    attributes->ptxVersion = attributes->binaryVersion = device_sm();
    attributes->maxDynamicSharedSizeBytes = kernel.max_dynamic_shared_bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetName(const char** name, const void* function) {
  const ApiLock lock;
  const Kernel* kernel = find_kernel(function);
  if (!kernel) return remember(cudaErrorInvalidDeviceFunction);
  *name = kernel->name.c_str();
  return cudaSuccess;
}

cudaError_t cudaGetFuncBySymbol(cudaFunction_t* out, const void* function) {
  const ApiLock lock;
  *out = reinterpret_cast<cudaFunction_t>(find_kernel(function));
  return remember(*out ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}

cudaError_t cudaGetKernel(cudaKernel_t* out, const void* function) {
  const ApiLock lock;
  *out = reinterpret_cast<cudaKernel_t>(find_kernel(function));
  return remember(*out ? cudaSuccess : cudaErrorInvalidDeviceFunction);
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* blocks, const void* function, int threads,
                                                                   size_t dynamic_shared_bytes, unsigned) {
  return with_kernel(function, [&](const Kernel& kernel) {
    *blocks = 0;
    if (threads <= 0 || threads > 1024) return cudaSuccess;
    const int whole_warps = (threads + 31) / 32 * 32;
    const auto shared_bytes =
        static_cast<int>(kernel.program->shared_static + dynamic_shared_bytes) + kSharedBytesReserved;
    *blocks = std::min({kBlocksPerMultiprocessor, kThreadsPerMultiprocessor / whole_warps,
                        shared_bytes_per_multiprocessor() / shared_bytes});
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void* function, int threads,
                                                          size_t dynamic_shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, function, threads, dynamic_shared_bytes, 0);
}

cudaError_t cudaOccupancyAvailableDynamicSMemPerBlock(size_t* bytes, const void*, int blocks, int) {
  *bytes = static_cast<size_t>(shared_bytes_per_multiprocessor() / std::max(1, blocks) - kSharedBytesReserved);
  return cudaSuccess;
}

// Accepted, and without effect here.
cudaError_t cudaFuncSetCacheConfig(const void*, cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaFuncSetSharedMemConfig(const void*, cudaSharedMemConfig) { return cudaSuccess; }
}
