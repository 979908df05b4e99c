// Dropout, Srivastava et al., JMLR 15 (2014), with masks that are functions of position and never stored.
//
// Element e of row r of the micro-batch is kept if the Philox word
//   philox(key(seed), {e / 4, stream, low and high word of index})[e % 4]   as a uniform number is >= p,
//   index = (step * global_batch + global sample) * rows_per_sample + r % rows_per_sample, modulo 2^64,
//   global sample = first_sample + r / rows_per_sample.
// The same on every device, for every rank count, and again in backward and in recomputation.
#pragma once

#include <cstdint>

#include "core/base/philox.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct Dropout {
  float p = 0;  // probability of zero; 0: off
  uint64_t seed = 0;
  uint32_t stream = 0;  // random_stream(RandomSite::dropout, layer number)
  int64_t rows_per_sample = 1;
  // (1) i64 on the device: step * global_batch + first global sample of the micro-batch. In memory, not in the call, so
  // that a captured CUDA graph need not be captured again.
  Tensor first_sample;
};

// y = x * mask / (1 - p); x and y (N, C), may be the same memory. Backward is the same function of dy.
struct DropoutApply {
  Tensor y, x;
  Dropout dropout;
};

}  // namespace convoy
