// Kernels that go wrong between the lanes of a warp or at a barrier. Each case is one mistake, run alone; the virtual
// GPU must stop the kernel and say what it was.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr unsigned kAll = 0xffffffffu;

template <class Kernel>
void expect_fault(Kernel kernel, int threads) {
  DeviceArray<int> out(2 * 64);
  EXPECT_SUCCESS(cudaMemset(out.data(), 0, 2 * 64 * sizeof(int)));
  kernel<<<1, threads>>>(out.data());
  EXPECT(cudaDeviceSynchronize() != cudaSuccess);
}

// Warp 0 waits for the whole block, warp 1 for a barrier that warp 0 never reaches.
__global__ void deadlock_kernel(int* out) {
  if (threadIdx.x < 32)
    asm volatile("bar.sync 0;" ::: "memory");
  else
    asm volatile("bar.sync 1, 64;" ::: "memory");
  out[threadIdx.x] = 1;
}
CASE(deadlock) { expect_fault(deadlock_kernel, 64); }

__global__ void barrier_in_both_branches_kernel(int* out) {
  if (threadIdx.x % 2) {
    out[threadIdx.x] = 1;
    asm volatile("bar.sync 0;" ::: "memory");
  } else {
    out[threadIdx.x] = 2;
    asm volatile("bar.sync 0;" ::: "memory");
    out[threadIdx.x] = 3;
  }
}
CASE(barrier_in_both_branches) { expect_fault(barrier_in_both_branches_kernel, 64); }

// The first lanes leave the loop early and wait at the barrier behind it.
__global__ void barrier_in_uneven_loop_kernel(int* out) {
  for (int k = 0; k < static_cast<int>(threadIdx.x); ++k) {
    asm volatile("bar.sync 0;" ::: "memory");
    out[threadIdx.x] += k;
  }
  asm volatile("bar.sync 0;" ::: "memory");
}
CASE(barrier_in_uneven_loop) { expect_fault(barrier_in_uneven_loop_kernel, 32); }

__global__ void shuffle_from_exited_lane_kernel(int* out) {
  if (threadIdx.x >= 20) return;
  out[threadIdx.x] = __shfl_xor_sync(kAll, static_cast<int>(threadIdx.x), 16);
}
CASE(shuffle_from_exited_lane) { expect_fault(shuffle_from_exited_lane_kernel, 32); }

// The second warp of the block has 8 lanes.
__global__ void shuffle_from_missing_lane_kernel(int* out) {
  out[threadIdx.x] = __shfl_down_sync(kAll, static_cast<int>(threadIdx.x), 8);
}
CASE(shuffle_from_missing_lane) { expect_fault(shuffle_from_missing_lane_kernel, 40); }

__global__ void own_mask_shuffle_kernel(int* out) {
  out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, static_cast<int>(threadIdx.x), 1);
}
CASE(lane_outside_its_own_mask) { expect_fault(own_mask_shuffle_kernel, 32); }

__global__ void own_mask_syncwarp_kernel(int* out) {
  __syncwarp(0x7fffffffu);
  out[threadIdx.x] = 1;
}
CASE(lane_outside_its_own_syncwarp) { expect_fault(own_mask_syncwarp_kernel, 32); }

// Half of the warp shuffles with everyone, the other half waits for the block.
__global__ void shuffle_without_partners_kernel(int* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_xor_sync(kAll, static_cast<int>(threadIdx.x), 1);
  } else {
    asm volatile("bar.sync 0;" ::: "memory");
    out[threadIdx.x] = 1;
  }
}
CASE(shuffle_without_partners) { expect_fault(shuffle_without_partners_kernel, 32); }

__global__ void matrix_load_in_branch_kernel(int* out) {
  __shared__ __align__(16) int memory[32];
  memory[threadIdx.x] = 0;
  __syncwarp();
  if (threadIdx.x >= 8) return;
  int fragment;
  const unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(memory + 4 * threadIdx.x));
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];" : "=r"(fragment) : "r"(address));
  out[threadIdx.x] = fragment;
}
CASE(matrix_load_without_the_whole_warp) { expect_fault(matrix_load_in_branch_kernel, 32); }

__global__ void barrier_number_kernel(int* out) { asm volatile("barrier.sync %0;" ::"r"(16 + out[0]) : "memory"); }
CASE(barrier_number_out_of_range) { expect_fault(barrier_number_kernel, 32); }

__global__ void trap_kernel(int* out) {
  if (out[threadIdx.x] == 0 && threadIdx.x == 7) __trap();
}
CASE(trap) { expect_fault(trap_kernel, 32); }

}  // namespace
