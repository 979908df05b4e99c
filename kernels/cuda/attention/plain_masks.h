// Which plain scores may be kept, see tensor_core_masks.h, and which instance of a plain kernel fits.
#pragma once

#include <initializer_list>
#include <type_traits>

#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/plain_tile.h"
#include "kernels/cuda/attention/probability_dropout.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {

// Queries are rows, keys columns. What is hidden or does not exist becomes -infinity.
template <int kKeys>
__device__ inline void hide_plain_keys(PlainScores<kKeys>& scores, int query, int key, int shift, int Tk) {
#pragma unroll
  for (int r = 0; r < kPlainRows; ++r) {
    const int seen = min(Tk, query + plain_row() + r + shift + 1) - key - plain_column();
#pragma unroll
    for (int c = 0; c < PlainScores<kKeys>::kCount; ++c)
      if (16 * c >= seen) scores.at[r][c] = -INFINITY;
  }
}
// The same with prefixes.
template <int kKeys>
__device__ inline void hide_plain_behind(PlainScores<kKeys>& scores, const AttentionExtents& extents, int sample,
                                         int query, int key) {
#pragma unroll
  for (int r = 0; r < kPlainRows; ++r) {
    const int seen = extents.end_of_keys(sample, query + plain_row() + r) - key - plain_column();
#pragma unroll
    for (int c = 0; c < PlainScores<kKeys>::kCount; ++c)
      if (16 * c >= seen) scores.at[r][c] = -INFINITY;
  }
}
// What lies before the first key that a query sees. query, key: of the tile, the first.
template <int kKeys>
__device__ inline void hide_plain_before(PlainScores<kKeys>& scores, const AttentionExtents& extents, int sample,
                                         int query, int key, int shift) {
#pragma unroll
  for (int r = 0; r < kPlainRows; ++r) {
    const int hidden = extents.first_key_of(sample, query + plain_row() + r, shift) - key - plain_column();
#pragma unroll
    for (int c = 0; c < PlainScores<kKeys>::kCount; ++c)
      if (16 * c < hidden) scores.at[r][c] = -INFINITY;
  }
}
// What a query does not see.
template <int kKeys>
__device__ inline void hide_plain(PlainScores<kKeys>& scores, const AttentionExtents& extents, const SeenKeys& seen,
                                  int sample, int query, int key) {
  const bool is_edge = key + kKeys > min(seen.Tk, query + seen.shift + 1);
  if (!extents.banded) {
    if (is_edge) hide_plain_keys(scores, query, key, seen.shift, seen.Tk);
    return;
  }
  if (is_edge && extents.prefix_ends == nullptr) hide_plain_keys(scores, query, key, seen.shift, seen.Tk);
  if (is_edge && extents.prefix_ends != nullptr) hide_plain_behind(scores, extents, sample, query, key);
  hide_plain_before(scores, extents, sample, query, key, seen.shift);
}
// Keys are rows, queries columns.
template <int kQueries>
__device__ inline void hide_plain_from_queries(PlainScores<kQueries>& scores, int key, int query, int shift) {
#pragma unroll
  for (int r = 0; r < kPlainRows; ++r) {
    const int first = key + plain_row() + r - shift - query - plain_column();
#pragma unroll
    for (int c = 0; c < PlainScores<kQueries>::kCount; ++c)
      if (16 * c < first) scores.at[r][c] = -INFINITY;
  }
}

// Dropout with queries as rows. Four neighbouring threads need the same group of four keys of the same four rows: each
// calls the generator for one of the rows.
struct PlainQueryMasks {
  uint64_t index;

  // row: (b, h, query) of the tile's first query.
  __device__ void start(const ProbabilityDropout& dropout, int64_t row) {
    index = dropout.index_of_row(row + plain_row() + plain_column() % 4);
  }
  // Bit 4 r + e: is key 4 group + e of row r kept? group: plain_column() / 4 of the 16 from `key`.
  __device__ uint32_t kept(const ProbabilityDropout& dropout, int key) const {
    uint32_t all = dropout.kept(index, (key + plain_column()) / 4) << 4 * (plain_column() % 4);
    all |= __shfl_xor_sync(kAllLanes, all, 1);
    all |= __shfl_xor_sync(kAllLanes, all, 2);
    return all;
  }
  template <int kKeys>
  __device__ void apply(const ProbabilityDropout& dropout, PlainScores<kKeys>& p, int key) const {
#pragma unroll
    for (int c = 0; c < PlainScores<kKeys>::kCount; ++c) {
      const uint32_t bits = kept(dropout, key + 16 * c) >> plain_column() % 4;
#pragma unroll
      for (int r = 0; r < kPlainRows; ++r)
        if ((bits >> 4 * r & 1) == 0) p.at[r][c] = 0;
    }
  }
};

// Can rows of all operands be read 16 bytes at a time, to their ends?
inline bool read_in_packs(const AttentionShape& s, std::initializer_list<Heads> operands) {
  return s.D * static_cast<int64_t>(size_of(s.dtype)) % 16 == 0 && in_packs(operands, s.dtype);
}

// body(std::integral_constant<int, kD>): the least instance for heads of D.
template <class Body>
void for_head_size(int64_t D, const Body& body) {
  if (D <= 32)
    body(std::integral_constant<int, 32>{});
  else if (D <= 64)
    body(std::integral_constant<int, 64>{});
  else if (D <= 128)
    body(std::integral_constant<int, 128>{});
  else
    body(std::integral_constant<int, 256>{});
}

}  // namespace convoy::cuda
