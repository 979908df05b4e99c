// Dropout of probabilities in device code: the masks of core/ops/dropout.h, rows (b, h, query), elements keys.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

#include "core/ops/dropout.h"

namespace convoy::cuda {

struct ProbabilityDropout {
  PhiloxKey key{};
  uint32_t stream = 0;
  uint32_t threshold = 0;  // a word from here on keeps its element; 0: no dropout
  float scale = 1;         // 1 / (1 - p), of what is kept
  const int64_t* first_sample = nullptr;
  uint64_t rows_per_sample = 1;

  ProbabilityDropout() = default;
  // The upper 24 bits of a word times 2^-24 are at least p: in whole numbers, exactly.
  explicit ProbabilityDropout(const Dropout& dropout) {
    if (dropout.p == 0) return;
    key = philox_key(dropout.seed);
    stream = dropout.stream;
    threshold = static_cast<uint32_t>(std::ceil(dropout.p * 0x1p24f)) << 8;
    scale = 1.0f / (1.0f - dropout.p);
    first_sample = static_cast<const int64_t*>(dropout.first_sample.data);
    rows_per_sample = static_cast<uint64_t>(dropout.rows_per_sample);
  }

  __device__ uint64_t index_of_row(int64_t row) const {
    const auto r = static_cast<uint64_t>(row);
    return (static_cast<uint64_t>(*first_sample) + r / rows_per_sample) * rows_per_sample + r % rows_per_sample;
  }
  // The same of row `row` of a sample, which has rows_per_sample of them.
  __device__ uint64_t index_of_row_in(int sample, int row) const {
    return (static_cast<uint64_t>(*first_sample) + static_cast<uint64_t>(sample)) * rows_per_sample +
           static_cast<uint64_t>(row);
  }
  // Bit e: is key 4 group + e of the row kept?
  __device__ uint32_t kept(uint64_t index, int group) const {
    const PhiloxCounter words = philox(
        key, {static_cast<uint32_t>(group), stream, static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)});
    uint32_t bits = 0;
    for (int e = 0; e < 4; ++e) bits |= words[e] >= threshold ? 1u << e : 0u;
    return bits;
  }
};

}  // namespace convoy::cuda
