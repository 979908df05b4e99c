// Random numbers of one sample: a function of (seed, number of the sample in the whole run, number of the use) alone,
// so that it matters neither who asks nor on which rank.
#pragma once

#include <cstdint>

#include "core/base/philox.h"

namespace convoy {

class SampleRandom {
 public:
  SampleRandom(uint64_t seed, int64_t sample, uint32_t use);

  float uniform() { return philox_uniform(next()); }  // in [0, 1)
  float uniform(float from, float to) { return from + (to - from) * uniform(); }
  bool happens(double probability) { return uniform() < static_cast<float>(probability); }
  int64_t below(int64_t n);  // in [0, n), for n up to 2^32
  float normal();            // mean 0, deviation 1
  double beta(double a);     // of Beta(a, a), 0 < a <= 2

 private:
  uint32_t next();

  PhiloxKey key_;
  PhiloxCounter counter_, words_{};
  int used_ = 4;
};

}  // namespace convoy
