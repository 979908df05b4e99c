// Sums and maxima over the lanes of a warp and the warps of a block, in a fixed order.
#pragma once

#include <cuda_runtime.h>

namespace convoy::cuda {

inline constexpr unsigned kAllLanes = 0xffffffffu;

template <class Number>
__device__ inline Number warp_sum(Number value) {
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

// The same for blocks of any number of warps and for double. partials: one element a warp.
template <class Number>
__device__ inline Number block_sum(Number value, Number* partials) {
  value = warp_sum(value);
  if (threadIdx.x % 32 == 0) partials[threadIdx.x / 32] = value;
  __syncthreads();
  Number sum = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) sum += partials[warp];
  __syncthreads();
  return sum;
}
__device__ inline float block_max(float value, float* partials) {
  value = warp_max(value);
  if (threadIdx.x % 32 == 0) partials[threadIdx.x / 32] = value;
  __syncthreads();
  float largest = partials[0];
  for (unsigned warp = 1; warp < blockDim.x / 32; ++warp) largest = fmaxf(largest, partials[warp]);
  __syncthreads();
  return largest;
}

}  // namespace convoy::cuda
