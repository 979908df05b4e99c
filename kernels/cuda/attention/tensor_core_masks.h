// Which scores a warp's sums may keep, for sums whose rows are queries and for sums whose rows are keys: the causal
// mask and dropout's, applied to fragments in registers.
#pragma once

#include "kernels/cuda/attention/probability_dropout.h"
#include "kernels/cuda/attention/swizzled_tile.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

// Where a warp's lane is in a fragment: rows row() and row() + 8, columns column() and column() + 1.
__device__ inline int fragment_row(unsigned thread = threadIdx.x) { return thread % 32 / 4; }
__device__ inline int fragment_column(unsigned thread = threadIdx.x) { return thread % 4 * 2; }

// Scores of queries (rows) from `query` on and keys from `key` on: what is hidden or does not exist becomes -infinity.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_keys(Sums<kRowTiles, kColumnTiles>& scores, int query, int key, int shift, int Tk) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int i = query + 16 * r + 8 * half + fragment_row();
      const int seen = min(Tk, i + shift + 1) - key - fragment_column();
#pragma unroll
      for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e)
          if (8 * n + e >= seen) scores.at[r][n][2 * half + e] = -INFINITY;
    }
}

// Scores of queries (rows) and keys from `key` on: what lies before a row's first key becomes -infinity.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_before(Sums<kRowTiles, kColumnTiles>& scores, const int* first_keys, int key) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int hidden = first_keys[16 * r + 8 * half + fragment_row()] - key - fragment_column();
#pragma unroll
      for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e)
          if (8 * n + e < hidden) scores.at[r][n][2 * half + e] = -INFINITY;
    }
}

// Likewise what lies from the end of a row's keys on.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_behind(Sums<kRowTiles, kColumnTiles>& scores, const int* key_ends, int key) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int seen = key_ends[16 * r + 8 * half + fragment_row()] - key - fragment_column();
#pragma unroll
      for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e)
          if (8 * n + e >= seen) scores.at[r][n][2 * half + e] = -INFINITY;
    }
}

// hide_before with keys from `key` on as rows and queries as columns.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_before_queries(Sums<kRowTiles, kColumnTiles>& scores, const int* first_keys, int key) {
#pragma unroll
  for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      const int hidden = first_keys[8 * n + fragment_column() + e] - key - fragment_row();
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          if (16 * r + 8 * half < hidden) scores.at[r][n][2 * half + e] = -INFINITY;
    }
}

// As hide_keys with keys as rows and queries as columns.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_from_queries(Sums<kRowTiles, kColumnTiles>& scores, int key, int query, int shift) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int first = key + 16 * r + 8 * half + fragment_row() - shift - query - fragment_column();
#pragma unroll
      for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
        for (int e = 0; e < 2; ++e)
          if (8 * n + e < first) scores.at[r][n][2 * half + e] = -INFINITY;
    }
}

// Scores of keys (rows) from `key` on: those of keys that do not exist become -infinity.
template <int kRowTiles, int kColumnTiles>
__device__ inline void hide_absent_keys(Sums<kRowTiles, kColumnTiles>& scores, int key, int Tk) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half)
      if (key + 16 * r + 8 * half + fragment_row() >= Tk)
#pragma unroll
        for (int n = 0; n < kColumnTiles; ++n)
#pragma unroll
          for (int e = 0; e < 2; ++e) scores.at[r][n][2 * half + e] = -INFINITY;
}

// Generator's indices for the rows of 16-row tiles of queries: an even lane calls the generator for its upper row, an
// odd one for its lower row, since two neighbours share a group of four keys.
template <int kRowTiles>
struct QueryRowsDropout {
  uint64_t index[kRowTiles];

  // row: (b, h, query) of the first query.
  __device__ void start(const ProbabilityDropout& dropout, int64_t row) {
    for (int r = 0; r < kRowTiles; ++r)
      index[r] = dropout.index_of_row(row + 16 * r + fragment_row() + threadIdx.x % 2 * 8);
  }
  // Bit 2 * half + e: is that element of the 16 x 8 fragment at (row tile r, key) kept? key: a multiple of 8.
  __device__ uint32_t kept(const ProbabilityDropout& dropout, int r, int key) const {
    const uint32_t mine = dropout.kept(index[r], key / 4 + fragment_column() / 4);
    const uint32_t other = __shfl_xor_sync(kAllLanes, mine, 1);
    return threadIdx.x % 2 == 0 ? (mine & 3) | (other & 3) << 2 : other >> 2 | (mine & 12);
  }
};

// With keys as rows: lanes whose keys are of one group of four share the calls for two queries and two groups.
// Bit 2 * half + e of the result as above; index: the generator's of the query that this lane calls for, which is
// column fragment_column() + fragment_row() % 2; key: of the 16-row tile, a multiple of 16.
__device__ inline int dropout_column(unsigned thread = threadIdx.x) {
  return fragment_column(thread) + fragment_row(thread) % 2;
}
__device__ inline uint32_t kept_of_key_rows(const ProbabilityDropout& dropout, uint64_t index, int key,
                                            unsigned thread = threadIdx.x) {
  const int row = fragment_row(thread), place = row % 4;  // bit 0: query, bit 1: rows 8 to 15
  uint32_t all = dropout.kept(index, key / 4 + row / 4 + place / 2 * 2) << 4 * place;
  all |= __shfl_xor_sync(kAllLanes, all, 4);
  all |= __shfl_xor_sync(kAllLanes, all, 8);
  all >>= place;
  return (all & 1) | (all >> 3 & 2) | (all >> 6 & 4) | (all >> 9 & 8);
}

}  // namespace convoy::cuda
