#include "tests/virtual_gpu/runtime/device_properties.h"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/settings.h"

namespace convoy::vgpu {
namespace {
int newest_ptx = 80;
bool is_hopper() { return device_sm() >= 90; }

void fill_limits(cudaDeviceProp& p) {
  p.warpSize = 32;
  p.maxThreadsPerBlock = 1024;
  p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
  p.maxThreadsDim[2] = 64;
  p.maxGridSize[0] = 0x7fffffff;
  p.maxGridSize[1] = p.maxGridSize[2] = 65535;
  p.regsPerBlock = p.regsPerMultiprocessor = 65536;
  p.maxThreadsPerMultiProcessor = kThreadsPerMultiprocessor;
  p.maxBlocksPerMultiProcessor = kBlocksPerMultiprocessor;
  p.sharedMemPerBlock = kSharedBytesPerBlock;
  p.sharedMemPerBlockOptin = static_cast<size_t>(shared_bytes_per_block_optin());
  p.sharedMemPerMultiprocessor = static_cast<size_t>(shared_bytes_per_multiprocessor());
  p.reservedSharedMemPerBlock = kSharedBytesReserved;
}

void fill_machine(cudaDeviceProp& p) {
  p.major = device_sm() / 10;
  p.minor = device_sm() % 10;
  p.multiProcessorCount = is_hopper() ? 132 : 108;
  p.l2CacheSize = is_hopper() ? 50 << 20 : 40 << 20;
  p.memoryBusWidth = 5120;
  p.totalConstMem = 64 << 10;
  p.textureAlignment = 512;
  p.memPitch = 0x7fffffff;
  p.asyncEngineCount = 3;
}

void fill_abilities(cudaDeviceProp& p) {
  p.canMapHostMemory = p.concurrentKernels = p.unifiedAddressing = p.streamPrioritiesSupported = 1;
  p.globalL1CacheSupported = p.localL1CacheSupported = p.managedMemory = p.cooperativeLaunch = 1;
  p.hostRegisterSupported = p.memoryPoolsSupported = 1;
}

int attribute(const cudaDeviceProp& p, cudaDeviceAttr attribute) {
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock:
      return p.maxThreadsPerBlock;
    case cudaDevAttrMaxBlockDimX:
    case cudaDevAttrMaxBlockDimY:
      return p.maxThreadsDim[0];
    case cudaDevAttrMaxBlockDimZ:
      return p.maxThreadsDim[2];
    case cudaDevAttrMaxGridDimX:
      return p.maxGridSize[0];
    case cudaDevAttrMaxGridDimY:
    case cudaDevAttrMaxGridDimZ:
      return p.maxGridSize[1];
    case cudaDevAttrMaxSharedMemoryPerBlock:
      return kSharedBytesPerBlock;
    case cudaDevAttrTotalConstantMemory:
      return static_cast<int>(p.totalConstMem);
    case cudaDevAttrWarpSize:
      return p.warpSize;
    case cudaDevAttrMaxRegistersPerBlock:
    case cudaDevAttrMaxRegistersPerMultiprocessor:
      return p.regsPerBlock;
    case cudaDevAttrMultiProcessorCount:
      return p.multiProcessorCount;
    case cudaDevAttrClockRate:
      return 1410000;
    case cudaDevAttrMemoryClockRate:
      return 1215000;
    case cudaDevAttrGlobalMemoryBusWidth:
      return p.memoryBusWidth;
    case cudaDevAttrL2CacheSize:
      return p.l2CacheSize;
    case cudaDevAttrMaxThreadsPerMultiProcessor:
      return p.maxThreadsPerMultiProcessor;
    case cudaDevAttrComputeCapabilityMajor:
      return p.major;
    case cudaDevAttrComputeCapabilityMinor:
      return p.minor;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      return shared_bytes_per_multiprocessor();
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      return shared_bytes_per_block_optin();
    case cudaDevAttrReservedSharedMemoryPerBlock:
      return kSharedBytesReserved;
    case cudaDevAttrMaxBlocksPerMultiprocessor:
      return p.maxBlocksPerMultiProcessor;
    case cudaDevAttrAsyncEngineCount:
      return p.asyncEngineCount;
    case cudaDevAttrCooperativeLaunch:
    case cudaDevAttrConcurrentKernels:
    case cudaDevAttrUnifiedAddressing:
    case cudaDevAttrManagedMemory:
    case cudaDevAttrMemoryPoolsSupported:
    case cudaDevAttrCanMapHostMemory:
    case cudaDevAttrHostRegisterSupported:
    case cudaDevAttrStreamPrioritiesSupported:
      return 1;
    default:
      return 0;
  }
}
}  // namespace

int device_sm() { return settings().sm ? settings().sm : newest_ptx; }
void found_ptx(int sm) { newest_ptx = std::max(newest_ptx, sm); }
int shared_bytes_per_multiprocessor() { return is_hopper() ? 228 << 10 : 164 << 10; }
int shared_bytes_per_block_optin() { return shared_bytes_per_multiprocessor() - kSharedBytesReserved; }
}  // namespace convoy::vgpu

using namespace convoy::vgpu;

extern "C" {
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= settings().devices) return remember(cudaErrorInvalidDevice);
  cudaDeviceProp p;
  memset(&p, 0, sizeof p);
  snprintf(p.name, sizeof p.name, "vgpu (interpreted sm_%d)", device_sm());
  p.uuid.bytes[0] = static_cast<char>(device + 1);
  p.pciBusID = device + 1;
  p.totalGlobalMem = DeviceMemory::get().total_bytes();
  fill_limits(p);
  fill_machine(p);
  fill_abilities(p);
  *properties = p;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int device) {
  cudaDeviceProp properties;
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, device)) return error;
  *value = attribute(properties, which);
  return cudaSuccess;
}
}
