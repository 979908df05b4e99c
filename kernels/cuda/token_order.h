// Positions in the order of their tokens: how the embedding's backward finds all places of a token.
//
// A block sorts a chunk of positions; then kMerged sorted lists become one, and these once more, as every key looks up
// how many of each list are smaller. What a token has in a part of kPart positions is then a run. More than a part is
// sorted part by part.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kChunk = 1024;
inline constexpr int kMerged = 8;  // lists at a time
inline constexpr int kPart = kChunk * kMerged * kMerged;

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

// Where the n-th of N keys comes to stand when each kMerged sorted lists of `width` keys, a power of two, become one.
__device__ inline int merged_place(const TokenKey* keys, int n, int N, int width) {
  const TokenKey key = keys[n];
  const int group = n & -(kMerged * width);
  int smaller[kMerged] = {};  // keys of each list
  for (int step = width; step > 0; step /= 2) {
#pragma unroll
    for (int list = 0; list < kMerged; ++list) {
      const int begin = group + list * width, more = smaller[list] + step;
      if (more <= min(width, N - begin) && keys[begin + more - 1] < key) smaller[list] = more;
    }
  }
  int place = group;
  for (const int count : smaller) place += count;
  return place;
}

// The parts of N sorted keys.
struct TokenOrder {
  const TokenKey* keys;
  int N;

  __device__ int parts() const { return (N + kPart - 1) / kPart; }

  struct Run {
    int begin;  // into keys
    int count;
  };
  __device__ Run run(int part, int32_t token) const {
    return run_from(first_at_least(part * kPart, end_of(part), token_key(token, 0)), part, token);
  }
  // begin: the first place of the token in the part, or where it would be.
  __device__ Run run_from(int begin, int part, int32_t token) const {
    const int end = end_of(part);
    int most = 1;  // runs are short as a rule: look ahead before bisecting
    while (begin + most <= end && token_of(keys[begin + most - 1]) == token) most *= 2;
    return {begin, first_at_least(begin + most / 2, min(begin + most, end), token_key(token + 1, 0)) - begin};
  }

 private:
  __device__ int end_of(int part) const { return min(N - part * kPart, kPart) + part * kPart; }
  __device__ int first_at_least(int low, int high, TokenKey key) const {
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (keys[middle] < key)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

}  // namespace convoy::cuda
