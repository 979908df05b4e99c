// From scores to what attention's backward multiplies with, in fragments whose rows are keys and whose columns are
// queries [step, step + 8 kColumnTiles) of a chunk.
#pragma once

#include "kernels/cuda/attention/backward_exchange.h"
#include "kernels/cuda/attention/tensor_core_masks.h"

namespace convoy::cuda {

// Of a chunk of queries, in shared memory: registers are taken by sums.
template <int kQueries>
struct QueryValues {
  int head, q0;  // of the first
  float log2_sum[kQueries], delta[kQueries];
  union {
    uint64_t dropout_index[kQueries];
    int first_key[kQueries];  // of banded attention, which has no dropout
  };
};

// Dropout's bits, four a fragment: made before there are scores, since the generator needs registers.
template <int kRowTiles, int kStep, class Values>
__device__ inline uint32_t kept_bits(ProbabilityDropout dropout, const Values& values, int step, int key) {
  static_assert(kRowTiles * kStep / 8 <= 8);
  uint32_t bits = 0;
  for (uint32_t& word : dropout.key) word = computed_here(word);  // rounds' keys are not kept
#pragma unroll 1
  for (int n = 0; n < kStep / 8; ++n) {
    const unsigned thread = computed_here(threadIdx.x);
    const uint64_t index = values.dropout_index[step + 8 * n + dropout_column(thread)];
#pragma unroll 1
    for (int r = 0; r < kRowTiles; ++r)
      bits |= kept_of_key_rows(dropout, index, key + 16 * r, thread) << 4 * (kStep / 8 * r + n);
  }
  return bits;
}

// Scores become what dv is summed with, but for the factor of dropout. The partner gets them from row and piece of the
// exchange on, -p of what is dropped.
template <bool kDropout, int kRowTiles, int kColumnTiles, class Values>
__device__ inline void make_probabilities(Sums<kRowTiles, kColumnTiles>& scores, const Values& values, int step,
                                          float to_base2, uint32_t kept, const BackwardExchange& exchange, int row,
                                          int piece) {
#pragma unroll
  for (int n = 0; n < kColumnTiles; ++n) {
    const float2 log2_sum = *reinterpret_cast<const float2*>(&values.log2_sum[step + 8 * n + fragment_column()]);
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
      float(&p)[4] = scores.at[r][n];
#pragma unroll
      for (int e = 0; e < 4; ++e) p[e] = fast_exp2(fmaf(p[e], to_base2, e % 2 == 0 ? -log2_sum.x : -log2_sum.y));
      if constexpr (kDropout)
#pragma unroll
        for (int e = 0; e < 4; ++e) p[e] = (kept >> (4 * (kColumnTiles * r + n) + e) & 1) != 0 ? p[e] : -p[e];
      exchange.put(p, row + 16 * r, piece + n);
      if constexpr (kDropout)
#pragma unroll
        for (float& value : p) value = fmaxf(value, 0.0f);
    }
  }
}

// dp becomes ds, here and in the exchange, where p was.
template <bool kDropout, int kRowTiles, int kColumnTiles, class Values>
__device__ inline void differentiate(Sums<kRowTiles, kColumnTiles>& ds, const Values& values, int step,
                                     float dropout_scale, const BackwardExchange& exchange, int row, int piece) {
#pragma unroll
  for (int n = 0; n < kColumnTiles; ++n) {
    const float2 delta = *reinterpret_cast<const float2*>(&values.delta[step + 8 * n + fragment_column()]);
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
      float p[4];
      exchange.get(p, row + 16 * r, piece + n);
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        float dp = ds.at[r][n][e];
        if constexpr (kDropout) dp = signbit(p[e]) ? 0.0f : dp * dropout_scale;
        ds.at[r][n][e] = fabsf(p[e]) * (dp - (e % 2 == 0 ? delta.x : delta.y));
      }
      exchange.put(ds.at[r][n], row + 16 * r, piece + n);
    }
  }
}

}  // namespace convoy::cuda
