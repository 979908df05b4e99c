// cp.async misused, each beside a twin that is right; see fault_global_memory.cu.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

__device__ void copy_async(float* shared, const float* global) {
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(shared));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to), "l"(global));
}

// What another thread copied is there after both its wait and a barrier.
template <bool kBarrier>
__global__ void read_from_other_thread_kernel(float* out, const float* in) {
  __shared__ float s[64];
  copy_async(&s[threadIdx.x], in + threadIdx.x);
  asm volatile("cp.async.wait_all;" ::: "memory");
  if (kBarrier) __syncthreads();
  out[threadIdx.x] = s[63 - threadIdx.x];
}

// The next copy into a buffer may start when all have read the last one.
template <bool kBarrier>
__global__ void refill_kernel(float* out, const float* in) {
  __shared__ float s[64];
  copy_async(&s[threadIdx.x], in + threadIdx.x);
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  const float first = s[63 - threadIdx.x];
  if (kBarrier) __syncthreads();
  copy_async(&s[threadIdx.x], in + threadIdx.x);
  asm volatile("cp.async.wait_all;" ::: "memory");
  out[threadIdx.x] = first + s[threadIdx.x];
}

// 16 bytes from an address that is a multiple of 4 only.
__global__ void wide_copy_kernel(float* out, const float* in) {
  __shared__ float4 s;
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(&s));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(to), "l"(in));
  asm volatile("cp.async.wait_all;" ::: "memory");
  out[0] = s.y;
}

void run(void (*kernel)(float*, const float*), int threads, int count, int first) {
  DeviceArray<float> in(std::vector<float>(static_cast<size_t>(count), 1.0f)), out(64);
  kernel<<<1, threads>>>(out.data(), in.data() + first);
  cudaDeviceSynchronize();
}
CASE(race_with_another_threads_copy) { run(read_from_other_thread_kernel<false>, 64, 64, 0); }
CASE(barrier_after_another_threads_copy) { run(read_from_other_thread_kernel<true>, 64, 64, 0); }
CASE(race_of_a_refill) { run(refill_kernel<false>, 64, 64, 0); }
CASE(barrier_before_a_refill) { run(refill_kernel<true>, 64, 64, 0); }
CASE(misaligned_copy) { run(wide_copy_kernel, 1, 8, 1); }
CASE(aligned_copy) { run(wide_copy_kernel, 1, 8, 4); }
CASE(copy_over_the_end) { run(read_from_other_thread_kernel<true>, 64, 63, 0); }
}  // namespace
