// Memory that nobody has written reaches results as NaN: device memory, shared memory, and the destination of cp.async
// before the wait. Each beside a twin that writes, or waits.
#include <cmath>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

__global__ void add_kernel(float* out, const float* in) { out[threadIdx.x] = in[threadIdx.x] + 1; }

CASE(new_device_memory_is_nan) {
  DeviceArray<float> in(32), out(32);
  add_kernel<<<1, 32>>>(out.data(), in.data());
  for (const float x : out.values()) EXPECT(std::isnan(x));
  EXPECT_SUCCESS(cudaMemset(in.data(), 0, 32 * sizeof(float)));
  add_kernel<<<1, 32>>>(out.data(), in.data());
  for (const float x : out.values()) EXPECT_EQ(x, 1.0f);
}

CASE(new_device_memory_is_nan_in_bf16_and_minus_one_in_integers) {
  DeviceArray<int> fresh(4);
  for (const int x : fresh.values()) EXPECT_EQ(x, -1);  // 0xffff is a NaN of bf16 and of f16
}

template <bool kWrite>
__global__ void shared_kernel(float* out) {
  __shared__ float s[32];
  if (kWrite) s[threadIdx.x] = 2;
  out[threadIdx.x] = s[threadIdx.x] + 1;
}

CASE(new_shared_memory_is_nan) {
  DeviceArray<float> out(32);
  shared_kernel<false><<<1, 32>>>(out.data());
  for (const float x : out.values()) EXPECT(std::isnan(x));
  shared_kernel<true><<<1, 32>>>(out.data());
  for (const float x : out.values()) EXPECT_EQ(x, 3.0f);
}

// A block must not see what the block before it on the same multiprocessor left.
__global__ void leftover_kernel(float* out) {
  __shared__ float s[32];
  if (blockIdx.x == 0) s[threadIdx.x] = 2;
  out[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];
}
CASE(shared_memory_of_the_next_block_is_nan) {
  DeviceArray<float> out(64);
  leftover_kernel<<<2, 32>>>(out.data());
  const std::vector<float> found = out.values();
  for (int k = 0; k < 64; ++k) EXPECT_EQ(std::isnan(found[k]), k >= 32);
}

enum class Wait { none, too_few, enough };

// Two groups of copies, of which the first is read.
template <Wait kWait>
__global__ void copy_kernel(float* out, const float* in) {
  __shared__ float s[64];
  const unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(&s[threadIdx.x]));
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to), "l"(in + threadIdx.x));
  asm volatile("cp.async.commit_group;");
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(to + 128), "l"(in + 32 + threadIdx.x));
  asm volatile("cp.async.commit_group;");
  if (kWait == Wait::too_few) asm volatile("cp.async.wait_group 2;" ::: "memory");
  if (kWait == Wait::enough) asm volatile("cp.async.wait_group 1;" ::: "memory");
  out[threadIdx.x] = s[threadIdx.x] + 1;
  asm volatile("cp.async.wait_all;");
}

CASE(asynchronous_copies_are_nan_until_the_wait) {
  DeviceArray<float> in(std::vector<float>(64, 5.0f)), out(32);
  copy_kernel<Wait::none><<<1, 32>>>(out.data(), in.data());
  for (const float x : out.values()) EXPECT(std::isnan(x));
  copy_kernel<Wait::too_few><<<1, 32>>>(out.data(), in.data());
  for (const float x : out.values()) EXPECT(std::isnan(x));
  copy_kernel<Wait::enough><<<1, 32>>>(out.data(), in.data());
  for (const float x : out.values()) EXPECT_EQ(x, 6.0f);
}
}  // namespace
