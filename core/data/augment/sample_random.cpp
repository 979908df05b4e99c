#include "core/data/augment/sample_random.h"

#include <cmath>
#include <numbers>

namespace convoy {

SampleRandom::SampleRandom(uint64_t seed, int64_t sample, uint32_t use)
    : key_(philox_key(seed)),
      counter_{0, random_stream(RandomSite::augmentation, use), static_cast<uint32_t>(sample),
               static_cast<uint32_t>(static_cast<uint64_t>(sample) >> 32)} {}

uint32_t SampleRandom::next() {
  if (used_ == 4) {
    words_ = philox(key_, counter_);
    ++counter_[0];
    used_ = 0;
  }
  return words_[static_cast<size_t>(used_++)];
}

int64_t SampleRandom::below(int64_t n) {
  return static_cast<int64_t>((static_cast<uint64_t>(next()) * static_cast<uint64_t>(n)) >> 32);
}

// Box and Muller (1958).
float SampleRandom::normal() {
  const double radius = std::sqrt(-2 * std::log(1.0 - static_cast<double>(uniform())));
  return static_cast<float>(radius * std::cos(2 * std::numbers::pi * static_cast<double>(uniform())));
}

// Jöhnk (1964).
double SampleRandom::beta(double a) {
  while (true) {
    const double x = std::pow(static_cast<double>(uniform()), 1 / a),
                 y = std::pow(static_cast<double>(uniform()), 1 / a);
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}

}  // namespace convoy
