// Calls of the runtime that have to fail, each beside one that succeeds; and what an error leaves behind.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

__global__ void fill_kernel(int* p) { p[threadIdx.x] = 1; }
__global__ void __launch_bounds__(64) bounded_kernel(int* p) { p[threadIdx.x] = 1; }
__global__ void shared_kernel(int* p) {
  extern __shared__ int s[];
  s[threadIdx.x] = 1;
  p[threadIdx.x] = s[threadIdx.x];
}

CASE(launch_shapes) {
  DeviceArray<int> p(1024);
  fill_kernel<<<1, 1024>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  fill_kernel<<<1, 1025>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);  // it was taken
  fill_kernel<<<0, 32>>>(p.data());
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidConfiguration);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  fill_kernel<<<dim3(1, 65536), 32>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
  bounded_kernel<<<1, 64>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  bounded_kernel<<<1, 65>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
}

CASE(shared_memory_above_48_kib_has_to_be_asked_for) {
  constexpr int kBytes = 64 << 10;
  DeviceArray<int> p(32);
  shared_kernel<<<1, 32, 48 << 10>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  shared_kernel<<<1, 32, kBytes>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidValue);
  EXPECT_SUCCESS(cudaFuncSetAttribute(shared_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, kBytes));
  shared_kernel<<<1, 32, kBytes>>>(p.data());
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  int most = 0;
  EXPECT_SUCCESS(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  EXPECT_EQ(cudaFuncSetAttribute(shared_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most), cudaSuccess);
  EXPECT_EQ(cudaFuncSetAttribute(shared_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most + 1),
            cudaErrorInvalidValue);
}

CASE(memory_is_freed_once) {
  int* p;
  EXPECT_SUCCESS(cudaMalloc(&p, 64));
  EXPECT_EQ(cudaFree(p + 1), cudaErrorInvalidValue);  // not its beginning
  EXPECT_EQ(cudaFree(p), cudaSuccess);
  EXPECT_EQ(cudaFree(p), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFree(nullptr), cudaSuccess);
}

CASE(memory_has_an_end) {
  size_t free_bytes = 0, total_bytes = 0;
  EXPECT_SUCCESS(cudaMemGetInfo(&free_bytes, &total_bytes));
  void* p = nullptr;
  EXPECT_EQ(cudaMalloc(&p, total_bytes + 1), cudaErrorMemoryAllocation);
  EXPECT(p == nullptr);
  EXPECT_EQ(cudaMalloc(&p, ~size_t{0}), cudaErrorMemoryAllocation);
  cudaGetLastError();
}

CASE(copies_have_the_direction_they_say) {
  DeviceArray<int> p(4);
  int host[4] = {};
  EXPECT_EQ(cudaMemcpy(p.data(), host, sizeof host, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(p.data(), host, sizeof host, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(host, p.data(), sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(host, p.data(), sizeof host, cudaMemcpyDefault), cudaSuccess);
}

CASE(pointers_say_what_they_are) {
  DeviceArray<int> p(4);
  int host, *pinned;
  cudaMallocHost(&pinned, 4);
  cudaPointerAttributes attributes;
  EXPECT_SUCCESS(cudaPointerGetAttributes(&attributes, p.data() + 1));
  EXPECT_EQ(attributes.type, cudaMemoryTypeDevice);
  EXPECT_SUCCESS(cudaPointerGetAttributes(&attributes, pinned));
  EXPECT_EQ(attributes.type, cudaMemoryTypeHost);
  EXPECT_SUCCESS(cudaPointerGetAttributes(&attributes, &host));
  EXPECT_EQ(attributes.type, cudaMemoryTypeUnregistered);
  cudaFreeHost(pinned);
}

CASE(devices_are_counted) {
  int count = 0;
  EXPECT_SUCCESS(cudaGetDeviceCount(&count));
  EXPECT_SUCCESS(cudaSetDevice(count - 1));
  EXPECT_EQ(cudaSetDevice(count), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaSetDevice(-1), cudaErrorInvalidDevice);
  cudaGetLastError();
  cudaDeviceProp properties;
  EXPECT_SUCCESS(cudaGetDeviceProperties(&properties, 0));
  EXPECT_EQ(properties.warpSize, 32);
  EXPECT(properties.major == 8 || properties.major == 9);
}

CASE(errors_have_names) {
  EXPECT_EQ(std::string(cudaGetErrorName(cudaErrorIllegalAddress)), "cudaErrorIllegalAddress");
  EXPECT_EQ(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)), "out of memory");
}

CASE(kernels_have_attributes) {
  cudaFuncAttributes attributes;
  EXPECT_SUCCESS(cudaFuncGetAttributes(&attributes, bounded_kernel));
  EXPECT_EQ(attributes.maxThreadsPerBlock, 64);
  int blocks = 0;
  EXPECT_SUCCESS(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_kernel, 1024, 0));
  EXPECT_EQ(blocks, 2);  // of 2048 threads
  EXPECT_SUCCESS(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, fill_kernel, 32, 0));
  EXPECT_EQ(blocks, 32);
}
}  // namespace
