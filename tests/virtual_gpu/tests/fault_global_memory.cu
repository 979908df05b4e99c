// Kernels that misuse global or local memory, each beside a twin that is right. CTest runs every case alone: the first
// of a pair has to end in a fault, the second must not.
#undef NDEBUG  // assertions stay in every build
#include <cassert>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kCount = 100;

__global__ void write_kernel(float* p, int index) { p[index] = 1; }
__global__ void read_kernel(const float* p, float* out) { *out = *p; }
__global__ void write_pair_kernel(float* p, int index) { *reinterpret_cast<float2*>(p + index) = make_float2(1, 2); }
__global__ void write_quad_kernel(float* p, int index) {
  *reinterpret_cast<float4*>(p + index) = make_float4(1, 2, 3, 4);
}

void write_at(int index) {
  DeviceArray<float> before(kCount), p(kCount), after(kCount);
  write_kernel<<<1, 1>>>(p.data(), index);
  cudaDeviceSynchronize();
}
CASE(write_after_the_end) { write_at(kCount); }
CASE(write_before_the_start) { write_at(-1); }
CASE(write_into_the_red_zone) { write_at(kCount + 63); }  // neither allocation is next to it
CASE(write_to_the_last_element) { write_at(kCount - 1); }
CASE(write_to_the_first_element) { write_at(0); }

CASE(read_over_the_end) {  // it begins inside: 12 bytes are there, 8 are read from byte 8 on
  DeviceArray<float> p(3);
  write_pair_kernel<<<1, 1>>>(p.data(), 2);
  cudaDeviceSynchronize();
}
CASE(read_up_to_the_end) {
  DeviceArray<float> p(4);
  write_pair_kernel<<<1, 1>>>(p.data(), 2);
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}

void write_quad_at(int index) {
  DeviceArray<float> p(kCount);
  write_quad_kernel<<<1, 1>>>(p.data(), index);
  cudaDeviceSynchronize();
}
CASE(misaligned_vector) { write_quad_at(2); }
CASE(aligned_vector) { write_quad_at(4); }

CASE(use_after_free) {
  DeviceArray<float> out(1);
  float* p;
  cudaMalloc(&p, 64);
  cudaFree(p);
  read_kernel<<<1, 1>>>(p, out.data());
  cudaDeviceSynchronize();
}
CASE(use_before_free) {
  DeviceArray<float> out(1);
  float* p;
  cudaMalloc(&p, 64);
  read_kernel<<<1, 1>>>(p, out.data());
  EXPECT_SUCCESS(cudaFree(p));  // waits for the kernel
}
CASE(freed_addresses_are_not_given_again) {
  float *first, *second;
  cudaMalloc(&first, 64);
  cudaFree(first);
  cudaMalloc(&second, 64);
  EXPECT(first != second);
  cudaFree(second);
}

void read_from(const float* p) {
  DeviceArray<float> out(1);
  read_kernel<<<1, 1>>>(p, out.data());
  cudaDeviceSynchronize();
}
CASE(null_pointer) { read_from(nullptr); }
CASE(pageable_host_pointer) {
  static const float host[4] = {};
  read_from(host);
}
CASE(pinned_host_pointer) {
  float* host;
  cudaMallocHost(&host, sizeof *host);
  read_from(host);
  EXPECT_SUCCESS(cudaFreeHost(host));
}

// The index is not known to the compiler, so the array lies in local memory.
__global__ void local_array_kernel(int* out, int index) {
  int values[16];
  for (int k = 0; k < 16; ++k) values[k] = k * index;
  out[threadIdx.x] = values[index];
}
void read_local_at(int index) {
  DeviceArray<int> out(32);
  local_array_kernel<<<1, 32>>>(out.data(), index);
  cudaDeviceSynchronize();
}
CASE(local_array_overflow) { read_local_at(1 << 20); }
CASE(local_array_use) { read_local_at(15); }

__global__ void assert_kernel(int n) { assert(threadIdx.x + 1 < n); }
CASE(failed_assertion) {
  assert_kernel<<<1, 32>>>(16);
  cudaDeviceSynchronize();
}
CASE(held_assertion) {
  assert_kernel<<<1, 32>>>(64);
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}

__global__ void trap_kernel(bool spring) {
  if (spring) __trap();
}
CASE(sprung_trap) {
  trap_kernel<<<1, 32>>>(true);
  cudaDeviceSynchronize();
}
CASE(idle_trap) {
  trap_kernel<<<1, 32>>>(false);
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}

// Races between blocks, with VGPU_RACECHECK=2.
__global__ void write_same_kernel(int* out) { out[threadIdx.x] = static_cast<int>(blockIdx.x); }
__global__ void write_own_kernel(int* out) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = static_cast<int>(blockIdx.x);
}
__global__ void add_same_kernel(int* out) { atomicAdd(&out[threadIdx.x], 1); }
__global__ void read_other_kernel(int* out) {
  out[blockIdx.x * blockDim.x + threadIdx.x] = out[(blockIdx.x + 1) % gridDim.x * blockDim.x + threadIdx.x];
}
void run_blocks(void (*kernel)(int*)) {
  DeviceArray<int> out(std::vector<int>(64));
  kernel<<<2, 32>>>(out.data());
  cudaDeviceSynchronize();
}
CASE(blocks_write_the_same) { run_blocks(write_same_kernel); }
CASE(blocks_read_what_others_write) { run_blocks(read_other_kernel); }
CASE(blocks_write_their_own) { run_blocks(write_own_kernel); }
CASE(blocks_add_atomically) { run_blocks(add_same_kernel); }
CASE(launches_write_the_same) {  // one after the other
  DeviceArray<int> out(64);
  write_own_kernel<<<2, 32>>>(out.data());
  write_own_kernel<<<1, 64>>>(out.data());
  EXPECT_SUCCESS(cudaDeviceSynchronize());
}
}  // namespace
