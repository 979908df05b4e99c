// Kernels that misuse shared memory, each beside a twin that is right; see fault_global_memory.cu.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr int kThreads = 64;

void run(void (*kernel)(int*), int threads = kThreads, size_t dynamic_bytes = 0) {
  DeviceArray<int> out(kThreads);
  kernel<<<1, threads, dynamic_bytes>>>(out.data());
  cudaDeviceSynchronize();
}

template <bool kBarrier>
__global__ void read_after_write_kernel(int* out) {
  __shared__ int s[kThreads];
  s[threadIdx.x] = threadIdx.x;
  if (kBarrier) __syncthreads();
  if (threadIdx.x >= 32) out[threadIdx.x] = s[threadIdx.x - 32];
}
CASE(race_read_after_write) { run(read_after_write_kernel<false>); }
CASE(barrier_read_after_write) { run(read_after_write_kernel<true>); }

template <bool kBarrier>
__global__ void write_after_read_kernel(int* out) {
  __shared__ int s[kThreads];
  s[threadIdx.x] = threadIdx.x;
  __syncthreads();
  const int value = s[(threadIdx.x + 1) % kThreads];
  if (kBarrier) __syncthreads();
  s[threadIdx.x] = value * 2;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}
CASE(race_write_after_read) { run(write_after_read_kernel<false>); }
CASE(barrier_write_after_read) { run(write_after_read_kernel<true>); }

template <bool kBarrier>
__global__ void write_after_write_kernel(int* out) {
  __shared__ int s[kThreads];
  s[threadIdx.x] = threadIdx.x;
  if (kBarrier) __syncthreads();
  s[kThreads - 1 - threadIdx.x] = threadIdx.x;
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x];
}
CASE(race_write_after_write) { run(write_after_write_kernel<false>); }
CASE(barrier_write_after_write) { run(write_after_write_kernel<true>); }

__global__ void write_same_value_kernel(int* out) {  // no race: whoever is last, the value is the same
  __shared__ int s;
  s = 7;
  __syncthreads();
  out[threadIdx.x] = s;
}
CASE(threads_write_the_same_value) { run(write_same_value_kernel); }

template <bool kBarrier>
__global__ void within_warp_kernel(int* out) {
  __shared__ int s[32];
  s[threadIdx.x] = threadIdx.x;
  if (kBarrier) __syncwarp();
  out[threadIdx.x] = s[31 - threadIdx.x];
}
CASE(race_within_a_warp) { run(within_warp_kernel<false>, 32); }
CASE(syncwarp_within_a_warp) { run(within_warp_kernel<true>, 32); }

// __syncwarp orders one warp only.
template <bool kBlockBarrier>
__global__ void between_warps_kernel(int* out) {
  __shared__ int s[kThreads];
  s[threadIdx.x] = threadIdx.x;
  if (kBlockBarrier)
    __syncthreads();
  else
    __syncwarp();
  out[threadIdx.x] = s[kThreads - 1 - threadIdx.x];
}
CASE(race_between_warps_in_spite_of_syncwarp) { run(between_warps_kernel<false>); }
CASE(barrier_between_warps) { run(between_warps_kernel<true>); }

// Shuffles exchange registers; they do not order memory.
template <bool kBarrier>
__global__ void shuffle_kernel(int* out) {
  __shared__ int s[32];
  s[threadIdx.x] = threadIdx.x;
  const int other = __shfl_xor_sync(~0u, threadIdx.x, 31);
  if (kBarrier) __syncwarp();
  out[threadIdx.x] = s[other];
}
CASE(race_in_spite_of_a_shuffle) { run(shuffle_kernel<false>, 32); }
CASE(syncwarp_beside_a_shuffle) { run(shuffle_kernel<true>, 32); }

// Neighbouring halves of a word are cells of their own.
template <bool kOwnHalf>
__global__ void halves_kernel(int* out) {
  __shared__ unsigned short s[kThreads];
  s[kOwnHalf ? threadIdx.x : threadIdx.x / 2 * 2] = static_cast<unsigned short>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = s[threadIdx.x / 2 * 2];
}
CASE(race_on_a_half_word) { run(halves_kernel<false>); }
CASE(neighbouring_halves) { run(halves_kernel<true>); }

template <bool kAtomic>
__global__ void count_kernel(int* out) {
  __shared__ int count;
  if (threadIdx.x == 0) count = 0;
  __syncthreads();
  if (kAtomic)
    atomicAdd(&count, 1);
  else
    count = count + static_cast<int>(threadIdx.x);
  __syncthreads();
  out[threadIdx.x] = count;
}
CASE(race_of_a_counter) { run(count_kernel<false>); }
CASE(atomic_counter) { run(count_kernel<true>); }

// A loop whose last barrier was forgotten is right in its first turn.
template <bool kLastBarrier>
__global__ void loop_kernel(int* out) {
  __shared__ int s[kThreads];
  int sum = 0;
  for (int turn = 0; turn < 3; ++turn) {
    s[threadIdx.x] = threadIdx.x + turn;
    __syncthreads();
    sum += s[(threadIdx.x + 32) % kThreads];
    if (kLastBarrier) __syncthreads();
  }
  out[threadIdx.x] = sum;
}
CASE(race_between_turns_of_a_loop) { run(loop_kernel<false>); }
CASE(barriers_between_turns_of_a_loop) { run(loop_kernel<true>); }

__global__ void two_arrays_kernel(int* out) {
  __shared__ int first[16];
  __shared__ int second[16];
  first[threadIdx.x] = 1;
  second[threadIdx.x % 16] = 2;
  __syncthreads();
  out[threadIdx.x] = first[0] + second[3];
}
CASE(overflow_between_variables) { run(two_arrays_kernel, 24); }
CASE(variables_side_by_side) { run(two_arrays_kernel, 16); }

__global__ void dynamic_kernel(int* out) {
  extern __shared__ int dynamic[];
  dynamic[threadIdx.x] = threadIdx.x;
  out[threadIdx.x] = dynamic[threadIdx.x];
}
CASE(overflow_of_dynamic_memory) { run(dynamic_kernel, kThreads, (kThreads - 1) * sizeof(int)); }
CASE(all_of_dynamic_memory) { run(dynamic_kernel, kThreads, kThreads * sizeof(int)); }

template <int kOffset>
__global__ void vector_kernel(int* out) {
  __shared__ int4 s[8];
  *reinterpret_cast<int4*>(reinterpret_cast<int*>(s) + kOffset) = make_int4(1, 2, 3, 4);
  out[threadIdx.x] = s[1].x;
}
CASE(misaligned_shared_vector) { run(vector_kernel<2>, 1); }
CASE(aligned_shared_vector) { run(vector_kernel<4>, 1); }

template <bool kAll>
__global__ void divergent_barrier_kernel(int* out) {
  if (kAll || threadIdx.x < 32)
    asm volatile("bar.sync 1, 64;");
  else
    asm volatile("bar.sync 2, 64;");
  out[threadIdx.x] = 1;
}
CASE(barrier_that_half_the_threads_miss) { run(divergent_barrier_kernel<false>); }
CASE(barrier_that_all_threads_reach) { run(divergent_barrier_kernel<true>); }
}  // namespace
