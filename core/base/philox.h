// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
//
// A pure function from (key, counter) to 128 random bits: who asks, in which order and on which rank does not matter.
// Convoy's conventions, so that no two uses share numbers:
//   key     = {low, high} of the run's seed
//   counter = {element group, site, low and high of an index}, see RandomSite
#pragma once

#include <array>
#include <cstdint>

namespace convoy {

using PhiloxKey = std::array<uint32_t, 2>;
using PhiloxCounter = std::array<uint32_t, 4>;

constexpr PhiloxKey philox_key(uint64_t seed) {
  return {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
}

constexpr PhiloxCounter philox(PhiloxKey key, PhiloxCounter counter) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

// Upper 24 bits to a float in [0, 1).
constexpr float philox_uniform(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1.0p-24f; }

// What random numbers are drawn for: the second word of the counter is site * 2^24 + a number within the site (layer,
// parameter), so that streams never meet.
enum class RandomSite : uint32_t {
  initialisation = 1,
  dropout = 2,
  data_order = 3,
  generation = 4,
  augmentation = 5,
  adapter_dropout = 6,
  state_rounding = 7,
};

constexpr uint32_t random_stream(RandomSite site, uint32_t number) {
  return static_cast<uint32_t>(site) << 24 | (number & 0xffffffu);
}

}  // namespace convoy
