// Masks of core/ops/dropout.h in device code.
#pragma once

#include <cuda_runtime.h>

#include <cmath>

#include "core/ops/dropout.h"

namespace convoy::cuda {

// A Dropout as kernels take it. Without probability nothing of it is read.
struct DropoutMask {
  PhiloxKey key{};
  uint32_t stream = 0;
  uint32_t threshold = 0;  // kept: upper 24 bits of the word >= threshold
  float scale = 1;         // 1 / (1 - p)
  uint64_t rows_per_sample = 1;
  const int64_t* first_sample = nullptr;  // null: off

  DropoutMask() = default;
  explicit DropoutMask(const Dropout& dropout) {
    if (dropout.p == 0) return;
    key = philox_key(dropout.seed);
    stream = dropout.stream;
    // bits * 2^-24 >= p, in whole numbers: exact, since scaling by a power of two is.
    threshold = static_cast<uint32_t>(std::ceil(dropout.p * 0x1p24f));
    scale = 1.0f / (1.0f - dropout.p);
    rows_per_sample = static_cast<uint64_t>(dropout.rows_per_sample);
    first_sample = dropout.first_sample.as<const int64_t>();
  }

  __device__ bool on() const { return first_sample != nullptr; }

  __device__ uint64_t index_of_row(int64_t row) const {
    const auto r = static_cast<uint64_t>(row), sample = r / rows_per_sample;
    return (static_cast<uint64_t>(*first_sample) + sample) * rows_per_sample + (r - sample * rows_per_sample);
  }

  // What elements [element, element + kCount) of the row with this index are multiplied by: 0 or 1 / (1 - p).
  // kCount: 1, or a multiple of 4 with element one too.
  template <int kCount>
  __device__ void factors(float (&result)[kCount], uint64_t index, int64_t element) const {
    static_assert(kCount == 1 || kCount % 4 == 0);
    for (int i = 0; i < kCount; i += 4) {
      const PhiloxCounter words = philox(key, {static_cast<uint32_t>((element + i) / 4), stream,
                                               static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)});
      if constexpr (kCount == 1) {
        // Chosen without an address, so that the words stay in registers.
        const uint32_t low = element & 1 ? words[1] : words[0], high = element & 1 ? words[3] : words[2];
        result[0] = factor(element & 2 ? high : low);
      } else {
        for (int k = 0; k < 4; ++k) result[i + k] = factor(words[k]);
      }
    }
  }

 private:
  __device__ float factor(uint32_t word) const { return word >> 8 >= threshold ? scale : 0.0f; }
};

}  // namespace convoy::cuda
