#include "datasets/keyed_permutation.h"

#include <algorithm>
#include <array>
#include <bit>

#include "datasets/feistel_lanes.h"

namespace convoy {
namespace {

// Sends each value through a network until it falls inside; a lane that is done takes the next value.
void walk(const FeistelLanes& network, uint64_t size, std::span<int64_t> values) {
  constexpr size_t kNothing = static_cast<size_t>(-1);
  FeistelLanes::Values lanes{};
  std::array<size_t, FeistelLanes::kLanes> places{};
  size_t next = 0, open = 0;
  const auto refill = [&](size_t lane) {
    places[lane] = next < values.size() ? next : kNothing;
    if (next == values.size()) return;
    lanes[lane] = static_cast<uint64_t>(values[next++]);
    ++open;
  };
  for (size_t lane = 0; lane < lanes.size(); ++lane) refill(lane);
  while (open > 0) {
    network.run(lanes);
    for (size_t lane = 0; lane < lanes.size(); ++lane) {
      if (places[lane] == kNothing || lanes[lane] >= size) continue;
      values[places[lane]] = static_cast<int64_t>(lanes[lane]);
      --open;
      refill(lane);
    }
  }
}

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

void KeyedPermutation::permute(std::span<int64_t> indices) const {
  walk({key_, epoch_, half_bits_, FeistelLanes::Way::there}, size_, indices);
}

void KeyedPermutation::invert(std::span<int64_t> values) const {
  walk({key_, epoch_, half_bits_, FeistelLanes::Way::back}, size_, values);
}

uint64_t KeyedPermutation::encrypt(uint64_t value) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  uint64_t left = value >> half_bits_, right = value & mask;
  for (uint32_t round = 0; round < kFeistelRounds; ++round) {
    const PhiloxCounter counter = {static_cast<uint32_t>(right), random_stream(RandomSite::data_order, round),
                                   static_cast<uint32_t>(epoch_), static_cast<uint32_t>(epoch_ >> 32)};
    const uint64_t mixed = (left ^ philox(key_, counter)[0]) & mask;
    left = right;
    right = mixed;
  }
  return left << half_bits_ | right;
}

}  // namespace convoy
