// Allocating device and pinned host memory, and asking what a pointer is.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/runtime/api.h"
#include "tests/virtual_gpu/runtime/device_memory.h"
#include "tests/virtual_gpu/runtime/streams.h"

using namespace convoy::vgpu;

namespace {
DeviceMemory& memory() { return DeviceMemory::get(); }
uint64_t address(const void* p) { return reinterpret_cast<uint64_t>(p); }

// Memory is freed once its device, or for host memory the current one, has nothing left to do.
void wait_for_users(const void* p) {
  const auto allocation = memory().allocation_at(address(p));
  const bool is_device = DeviceMemory::contains(p) && allocation;
  Streams::get().wait_device(is_device ? allocation->device : current_device());
}

void complain_of_free(const char* call, void* p) {
  char text[32];
  snprintf(text, sizeof text, "%p", p);
  complain(std::string(call) + " of " + text + ": " + memory().describe(address(p), 1));
}

cudaError_t free_host(void* p, cudaError_t otherwise) {
  if (!memory().unregister_host(p)) return remember(otherwise);
  free(p);
  return finish();
}
}  // namespace

extern "C" {
cudaError_t cudaMalloc(void** p, size_t bytes) {
  return api_call([&] {
    if (!p) return cudaErrorInvalidValue;
    *p = nullptr;
    if (!bytes) return cudaSuccess;
    if (Streams::get().capturing()) return cudaErrorStreamCaptureUnsupported;
    *p = reinterpret_cast<void*>(memory().allocate(bytes, "cudaMalloc", current_device()));
    return *p ? cudaSuccess : cudaErrorMemoryAllocation;
  });
}

cudaError_t cudaFree(void* p) {
  const ContextLock lock;
  if (!p) return finish();
  if (Streams::get().capturing()) return remember(cudaErrorStreamCaptureUnsupported);
  wait_for_users(p);
  if (!DeviceMemory::contains(p)) return free_host(p, cudaErrorInvalidValue);  // cudaMallocManaged's
  if (memory().release(address(p))) return finish();
  complain_of_free("cudaFree", p);
  return remember(cudaErrorInvalidValue);
}

cudaError_t cudaMallocAsync(void** p, size_t bytes, cudaStream_t) { return cudaMalloc(p, bytes); }
cudaError_t cudaMallocFromPoolAsync(void** p, size_t bytes, cudaMemPool_t, cudaStream_t) {
  return cudaMalloc(p, bytes);
}

cudaError_t cudaFreeAsync(void* p, cudaStream_t stream) {
  return api_call([&] {
    if (!p) return cudaSuccess;
    Streams& streams = Streams::get();
    streams.enqueue(streams.resolve(stream), [p] {
      if (memory().release(address(p))) return cudaSuccess;
      complain_of_free("cudaFreeAsync", p);
      return cudaErrorInvalidValue;
    });
    return sticky_error();
  });
}

cudaError_t cudaMallocPitch(void** p, size_t* pitch, size_t row_bytes, size_t rows) {
  *pitch = (row_bytes + 511) / 512 * 512;
  return cudaMalloc(p, *pitch * rows);
}

cudaError_t cudaMallocHost(void** p, size_t bytes) {
  const ContextLock lock;
  if (Streams::get().capturing()) return remember(cudaErrorStreamCaptureUnsupported);
  *p = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!*p) return remember(cudaErrorMemoryAllocation);
  memory().register_host(*p, bytes, "pinned host memory");
  return cudaSuccess;
}

cudaError_t cudaHostAlloc(void** p, size_t bytes, unsigned) { return cudaMallocHost(p, bytes); }

cudaError_t cudaMallocManaged(void** p, size_t bytes, unsigned) {
  const cudaError_t error = cudaMallocHost(p, bytes);
  if (!error) memset(*p, 0, bytes);
  return error;
}

cudaError_t cudaFreeHost(void* p) {
  const ContextLock lock;
  if (!p) return cudaSuccess;
  wait_for_users(p);
  return free_host(p, cudaErrorInvalidValue);
}

cudaError_t cudaHostRegister(void* p, size_t bytes, unsigned) {
  const ContextLock lock;
  memory().register_host(p, bytes, "registered host memory");
  return cudaSuccess;
}

cudaError_t cudaHostUnregister(void* p) {
  const ContextLock lock;
  wait_for_users(p);
  return remember(memory().unregister_host(p) ? cudaSuccess : cudaErrorHostMemoryNotRegistered);
}

cudaError_t cudaHostGetDevicePointer(void** device, void* host, unsigned) {
  *device = host;
  return cudaSuccess;
}

cudaError_t cudaHostGetFlags(unsigned* flags, void*) {
  *flags = 0;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
  const ContextLock lock;
  *total_bytes = memory().total_bytes();
  *free_bytes = *total_bytes - std::min<size_t>(*total_bytes, memory().used_bytes(current_device()));
  return cudaSuccess;
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* p) {
  memset(attributes, 0, sizeof *attributes);
  void* pointer = const_cast<void*>(p);
  if (DeviceMemory::contains(p)) {
    attributes->type = cudaMemoryTypeDevice;
    attributes->devicePointer = pointer;
    if (const auto allocation = memory().allocation_at(address(p))) attributes->device = allocation->device;
  } else if (memory().is_pinned(p)) {
    attributes->type = cudaMemoryTypeHost;
    attributes->devicePointer = attributes->hostPointer = pointer;
  } else {
    attributes->type = cudaMemoryTypeUnregistered;
    attributes->hostPointer = pointer;
    attributes->device = -2;
  }
  return cudaSuccess;
}

// Accepted, and without effect here: all memory is always where it is needed.
cudaError_t cudaMemPrefetchAsync(const void*, size_t, cudaMemLocation, unsigned, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaMemAdvise(const void*, size_t, cudaMemoryAdvise, cudaMemLocation) { return cudaSuccess; }
}
