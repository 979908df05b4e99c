// Host code that misuses the device, each beside a twin that is right; see fault_global_memory.cu.
#include <cstdio>
#include <thread>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

__global__ void fill_kernel(int* p, int value) { p[threadIdx.x] = value; }

CASE(host_reads_device_memory) {
  DeviceArray<int> p(std::vector<int>(4));
  std::printf("%d\n", *static_cast<volatile int*>(p.data()));
}
CASE(host_writes_device_memory) {
  DeviceArray<int> p(4);
  *static_cast<volatile int*>(p.data()) = 1;
}
CASE(host_reads_pinned_memory) {
  int* p;
  cudaMallocHost(&p, 32 * sizeof *p);
  fill_kernel<<<1, 32>>>(p, 7);
  EXPECT_SUCCESS(cudaDeviceSynchronize());
  EXPECT_EQ(p[31], 7);
  cudaFreeHost(p);
}

// Memory freed in one stream while another still uses it.
void free_in_another_stream(bool wait) {
  cudaStream_t user, owner;
  cudaEvent_t used;
  int* p;
  cudaStreamCreateWithFlags(&user, cudaStreamNonBlocking);
  cudaStreamCreateWithFlags(&owner, cudaStreamNonBlocking);
  cudaEventCreate(&used);
  cudaMallocAsync(&p, 32 * sizeof *p, owner);
  cudaStreamSynchronize(owner);
  fill_kernel<<<1, 32, 0, user>>>(p, 1);
  cudaEventRecord(used, user);
  if (wait) cudaStreamWaitEvent(owner, used);
  cudaFreeAsync(p, owner);
  cudaStreamSynchronize(owner);
  cudaStreamSynchronize(user);
}
CASE(freed_while_another_stream_uses_it) { free_in_another_stream(false); }
CASE(freed_after_another_stream_used_it) { free_in_another_stream(true); }

// Another thread of a process that works on device 1.
void free_in_a_thread(bool chooses_device) {
  void* p = nullptr;
  cudaSetDevice(1);
  cudaMalloc(&p, 64);
  std::thread([=] {
    if (chooses_device) cudaSetDevice(1);
    cudaFree(p);
  }).join();
}
CASE(thread_without_a_device) { free_in_a_thread(false); }
CASE(thread_with_a_device) { free_in_a_thread(true); }

CASE(copy_beyond_the_end) {  // found by the call, so no device error: the case asks for the exit status itself
  DeviceArray<int> p(4);
  int host[8] = {};
  EXPECT_EQ(cudaMemcpy(p.data(), host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
  EXPECT_EQ(cudaMemcpy(p.data(), host, 4 * sizeof(int), cudaMemcpyHostToDevice), cudaSuccess);
}
}  // namespace
