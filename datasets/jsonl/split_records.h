// Which records are kept back for validation and testing, where nobody knows yet how many there are.
#pragma once

#include <cstdint>

#include "datasets/split_samples.h"

namespace convoy {

// Records are taken in stretches of 1 / (validation + test), of each of which one is drawn by the seed; of those one
// in (validation + test) / test is for testing, drawn in the same way. So each split has its fraction of the first N
// records to within one, for any N, and record i's split is a function of (seed, i).
class SplitRecords {
 public:
  SplitRecords(const SplitFractions& fractions, uint64_t seed) : fractions_(fractions), seed_(seed) {}
  Split operator()(int64_t record) const;

 private:
  SplitFractions fractions_;
  uint64_t seed_;
};

}  // namespace convoy
