// Positions in the order of their tokens, chunk by chunk: how the embedding's backward finds all places of a token.
//
// Sorting all positions would take many launches. Sorting chunks of kChunk takes one, a block a chunk; what a token has
// in a chunk is then a run, found by bisection.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kChunk = 1024;

using TokenKey = unsigned long long;  // token in the upper half, position in the lower
__device__ inline TokenKey token_key(int32_t token, int64_t position) {
  return static_cast<TokenKey>(static_cast<uint32_t>(token)) << 32 | static_cast<uint32_t>(position);
}
__device__ inline int32_t token_of(TokenKey key) { return static_cast<int32_t>(key >> 32); }
__device__ inline uint32_t position_of(TokenKey key) { return static_cast<uint32_t>(key); }

// Bitonic sort (Batcher, AFIPS 1968) of the keys of a block's kChunk threads: thread i gets the i-th smallest. Partners
// in a warp exchange by shuffles, others through `shared` (kChunk).
__device__ inline TokenKey sorted_over_block(TokenKey key, TokenKey* shared) {
  const unsigned i = threadIdx.x;
  for (unsigned size = 2; size <= kChunk; size *= 2) {
    for (unsigned distance = size / 2; distance > 0; distance /= 2) {
      TokenKey other = 0;
      if (distance >= 32) {
        __syncthreads();
        shared[i] = key;
        __syncthreads();
        other = shared[i ^ distance];
      } else {
        other = __shfl_xor_sync(kAllLanes, key, distance);
      }
      const bool ascending = (i & size) == 0, first = (i & distance) == 0;
      const bool want_smaller = ascending == first;
      if (want_smaller == (other < key)) key = other;
    }
  }
  return key;
}

// The chunks of N sorted keys.
struct TokenOrder {
  const TokenKey* keys;
  int64_t N;

  __device__ int chunks() const { return static_cast<int>((N + kChunk - 1) / kChunk); }
  __device__ int size_of_chunk(int chunk) const {
    return static_cast<int>(min(int64_t{kChunk}, N - int64_t{chunk} * kChunk));
  }

  struct Run {
    int64_t begin;  // into keys
    int count;
  };
  __device__ Run run(int chunk, int32_t token) const {
    const TokenKey* sorted = keys + int64_t{chunk} * kChunk;
    const int size = size_of_chunk(chunk), first = first_at_least(sorted, 0, size, token_key(token, 0));
    int most = 1;  // runs are short as a rule: look ahead before bisecting
    while (first + most <= size && token_of(sorted[first + most - 1]) == token) most *= 2;
    const int end = first_at_least(sorted, first + most / 2, min(first + most, size), token_key(token + 1, 0));
    return {int64_t{chunk} * kChunk + first, end - first};
  }

 private:
  __device__ static int first_at_least(const TokenKey* sorted, int low, int high, TokenKey key) {
    while (low < high) {
      const int middle = (low + high) / 2;
      if (sorted[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

}  // namespace convoy::cuda
