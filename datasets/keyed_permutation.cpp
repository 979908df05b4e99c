#include "datasets/keyed_permutation.h"

#include <algorithm>
#include <bit>

namespace convoy {
namespace {

// Four rounds make a pseudorandom permutation (Luby and Rackoff); two more for halves of a few bits.
constexpr uint32_t kRounds = 6;

}  // namespace

KeyedPermutation::KeyedPermutation(uint64_t seed, uint64_t epoch, int64_t size)
    : key_(philox_key(seed)), epoch_(epoch), size_(static_cast<uint64_t>(size)) {
  half_bits_ = std::max(1, (static_cast<int>(std::bit_width(size_ - 1)) + 1) / 2);
}

int64_t KeyedPermutation::operator()(int64_t index) const {
  auto value = static_cast<uint64_t>(index);
  do {
    value = encrypt(value);
  } while (value >= size_);
  return static_cast<int64_t>(value);
}

uint64_t KeyedPermutation::encrypt(uint64_t value) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = value >> half_bits_, right = value & mask;
  for (uint32_t round = 0; round < kRounds; ++round) {
    const PhiloxCounter counter = {static_cast<uint32_t>(right), random_stream(RandomSite::data_order, round),
                                   static_cast<uint32_t>(epoch_), static_cast<uint32_t>(epoch_ >> 32)};
    const uint64_t mixed = (left ^ philox(key_, counter)[0]) & mask;
    left = right;
    right = mixed;
  }
  return left << half_bits_ | right;
}

}  // namespace convoy
