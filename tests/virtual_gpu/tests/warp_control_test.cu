// Divergence and reconvergence, barriers of a block, spin locks between lanes, and a barrier of the grid.
#include <cooperative_groups.h>

#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

// ---- divergence ----
__host__ __device__ int uneven_loop(int lane) {
  int sum = 0;
  for (int i = 0; i < lane; ++i) {
    if (i & 1) {
      sum += i;
    } else {
      sum -= 2;
      if (i % 7 == 3) break;
    }
  }
  return sum;
}
__global__ void divergence_kernel(int* out) {
  const int lane = threadIdx.x;
  int sum = uneven_loop(lane);
  if (lane < 10)
    sum += __shfl_xor_sync(0x3ff, sum, 1);
  else if (lane & 1)
    sum *= 2;
  else
    sum += 100;
  __syncwarp();
  out[lane] = sum;
}
CASE(lanes_diverge_and_meet_again) {
  DeviceArray<int> out(32);
  divergence_kernel<<<1, 32>>>(out.data());
  const std::vector<int> found = out.values();
  for (int lane = 0; lane < 32; ++lane) {
    const int own = uneven_loop(lane);
    EXPECT_EQ(found[lane], lane < 10 ? own + uneven_loop(lane ^ 1) : lane & 1 ? own * 2 : own + 100);
  }
}

__host__ __device__ int cases(int t) {
  switch (t % 9) {
    case 0:
      return 5;
    case 1:
      return t * 3;
    case 2:
      return t - 7;
    case 3:
      return t ^ 21;
    case 4:
      return 90;
    case 5:
      return t << 2;
    case 6:
      return -t;
    case 7:
      return t / 3;
    default:
      return 1;
  }
}
__global__ void switch_kernel(int* out) { out[threadIdx.x] = cases(threadIdx.x); }
CASE(switches_through_branch_tables) {
  DeviceArray<int> out(200);
  switch_kernel<<<1, 200>>>(out.data());
  const std::vector<int> found = out.values();
  for (int t = 0; t < 200; ++t) EXPECT_EQ(found[t], cases(t));
}

// ---- barriers ----
__global__ void named_barriers_kernel(int* out) {  // warp 0 produces, warp 1 consumes
  __shared__ int buffer[32];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  for (int round = 0; round < 3; ++round) {
    if (warp == 0) {
      buffer[lane] = round * 100 + lane;
      asm volatile("bar.arrive 1, 64;" ::: "memory");
      asm volatile("bar.sync 2, 64;" ::: "memory");
    } else {
      asm volatile("bar.sync 1, 64;" ::: "memory");
      out[round * 32 + lane] = buffer[31 - lane];
      asm volatile("bar.arrive 2, 64;" ::: "memory");
    }
  }
}
CASE(named_barriers) {
  DeviceArray<int> out(96);
  named_barriers_kernel<<<1, 64>>>(out.data());
  const std::vector<int> found = out.values();
  for (int k = 0; k < 96; ++k) EXPECT_EQ(found[k], k / 32 * 100 + 31 - k % 32);
}

__global__ void reducing_barriers_kernel(int* out) {
  const int t = threadIdx.x;
  const int count = __syncthreads_count(t % 32 < 5);
  const int all = __syncthreads_and(t >= 0), not_all = __syncthreads_and(t != 63);
  const int any = __syncthreads_or(t == 63), none = __syncthreads_or(t == 64);
  if (t == 17) out[0] = count, out[1] = all, out[2] = not_all, out[3] = any, out[4] = none;
}
CASE(reducing_barriers) {
  DeviceArray<int> out(5);
  reducing_barriers_kernel<<<1, 64>>>(out.data());
  const std::vector<int> found = out.values();
  EXPECT_EQ(found[0], 10);
  EXPECT(found[1] && !found[2] && found[3] && !found[4]);
}

// Threads that have returned do not keep the others waiting.
__global__ void early_return_kernel(int* out) {
  __shared__ int sum;
  if (threadIdx.x >= 40) return;
  if (threadIdx.x == 0) sum = 0;
  __syncthreads();
  atomicAdd(&sum, 1);
  __syncthreads();
  out[threadIdx.x] = sum;
}
CASE(barriers_do_not_wait_for_threads_that_returned) {
  DeviceArray<int> out(40);
  early_return_kernel<<<1, 96>>>(out.data());
  for (const int sum : out.values()) EXPECT_EQ(sum, 40);
}

// ---- progress of lanes that wait for each other ----
__global__ void spin_lock_kernel(int* lock, int* count) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) != 0) continue;
    *count += 1;
    __threadfence();
    atomicExch(lock, 0);
    done = true;
  }
}
CASE(spin_locks_make_progress) {
  DeviceArray<int> lock(std::vector<int>{0}), count(std::vector<int>{0});
  spin_lock_kernel<<<3, 40>>>(lock.data(), count.data());
  EXPECT_EQ(count.values()[0], 120);
}

__global__ void grid_kernel(int* values, int n) {
  const auto grid = cooperative_groups::this_grid();
  const int t = static_cast<int>(grid.thread_rank());
  values[t] = t;
  grid.sync();
  const int other = values[(t + 77) % n];
  grid.sync();
  values[t] = other;
}
CASE(barrier_of_the_grid) {
  int n = 16 * 64;
  DeviceArray<int> values(n);
  int* data = values.data();
  void* arguments[] = {&data, &n};
  EXPECT_SUCCESS(cudaLaunchCooperativeKernel(reinterpret_cast<void*>(grid_kernel), 16, 64, arguments, 0, nullptr));
  const std::vector<int> found = values.values();
  for (int t = 0; t < n; ++t) EXPECT_EQ(found[t], (t + 77) % n);
}

}  // namespace
