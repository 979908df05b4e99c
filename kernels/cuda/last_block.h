// Sums over all blocks of a launch without a second launch: the block that finishes last adds what the others left in
// memory, in an order that does not depend on which block it is.
//
// Counters are memory of the stream (CudaStream::counters), since launches of one stream never overlap: zero before a
// launch and zero again after it, so that nothing has to be reset and a captured graph can be replayed.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/cuda_stream.h"

namespace convoy::cuda {

// True in every thread of the block that is the last of `blocks` to call this with this counter. What the others wrote
// to global memory before they called is then visible to it.
__device__ inline bool is_last_block(unsigned* counter, unsigned blocks) {
  __shared__ bool is_last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) is_last = atomicInc(counter, blocks - 1) == blocks - 1;  // back to zero with the last
  __syncthreads();
  __threadfence();
  return is_last;
}

// Two steps, so that no block has to read more than some dozen rows: the last block of every kBlocksPerGroup adds their
// rows, the last of all adds the groups' sums.
inline constexpr unsigned kBlocksPerGroup = 16;
static_assert(kManyCounters > 1);
inline constexpr unsigned kMostSummedBlocks = kBlocksPerGroup * (kManyCounters - 1);

__device__ inline float4 operator+(float4 a, float4 b) { return {a.x + b.x, a.y + b.y, a.z + b.z, a.w + b.w}; }

// Sum of `count` rows of `stride` float4 at column i. Written by other blocks: not to be found in the L1 cache.
__device__ inline float4 sum_of_rows(const float4* rows, unsigned count, int64_t stride, int64_t i) {
  float4 sum = __ldcg(rows + i);
#pragma unroll 8
  for (unsigned row = 1; row < count; ++row) sum = sum + __ldcg(rows + row * stride + i);
  return sum;
}

// Every block of a one-dimensional grid of at most kMostSummedBlocks has written its row of partials (blocks, n), n a
// multiple of 4; one block calls consume(i, sum over blocks of columns i, i + 1, i + 2 and i + 3) for every i that is a
// multiple of 4. All threads of all blocks call this. partials is overwritten.
template <class Consume>
__device__ inline void sum_over_blocks(float* partials, int n, unsigned* counters, const Consume& consume) {
  auto* rows = reinterpret_cast<float4*>(partials);
  const int columns = n / 4, first_column = static_cast<int>(threadIdx.x), step = static_cast<int>(blockDim.x);
  const unsigned groups = (gridDim.x + kBlocksPerGroup - 1) / kBlocksPerGroup, group = blockIdx.x / kBlocksPerGroup;
  const unsigned first = group * kBlocksPerGroup, members = min(kBlocksPerGroup, gridDim.x - first);
  if (!is_last_block(counters + 1 + group, members)) return;
  for (int i = first_column; i < columns; i += step)
    rows[int64_t{first} * columns + i] = sum_of_rows(rows + int64_t{first} * columns, members, columns, i);
  if (!is_last_block(counters, groups)) return;
  for (int i = first_column; i < columns; i += step)
    consume(i * 4, sum_of_rows(rows, groups, int64_t{kBlocksPerGroup} * columns, i));
}

}  // namespace convoy::cuda
