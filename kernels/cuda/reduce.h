// Sums and maxima over the lanes of a warp and the warps of a block, in a fixed order.
#pragma once

#include <cuda_runtime.h>

namespace convoy::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;

__device__ inline float warp_sum(float value) {
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}
__device__ inline float warp_max(float value) {
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

// Every thread gets the sum over the block. kThreads: a multiple of 32, up to 1024. Two barriers; `partials` is free
// again when all threads have returned from the next barrier of the caller.
template <int kThreads>
__device__ inline float block_sum(float value, float (&partials)[kThreads / 32]) {
  value = warp_sum(value);
  if constexpr (kThreads == 32) return value;
  if (threadIdx.x % 32 == 0) partials[threadIdx.x / 32] = value;
  __syncthreads();
  float sum = 0;
  for (int warp = 0; warp < kThreads / 32; ++warp) sum += partials[warp];
  __syncthreads();
  return sum;
}

}  // namespace convoy::cuda
