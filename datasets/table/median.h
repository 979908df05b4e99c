// The median of numbers that do not fit into memory.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace convoy {

namespace median_detail {

// Floats in the order of whole numbers.
inline uint32_t key_of(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
inline float value_of(uint32_t key) {
  return std::bit_cast<float>((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

// Moves the rank into the bin that holds it.
inline uint32_t bin_of(const std::vector<int64_t>& bins, int64_t& rank) {
  uint32_t bin = 0;
  while (rank >= bins[bin]) rank -= bins[bin++];
  return bin;
}

}  // namespace median_detail

// for_each(visit) visits all numbers, none of them NaN, the same at each call: three times. Of an even number the
// middle between the two in the middle; NaN: there are none.
inline double median(const std::function<void(const std::function<void(float)>&)>& for_each) {
  using namespace median_detail;
  constexpr size_t kBins = 1 << 16;
  std::vector<int64_t> high(kBins);
  int64_t count = 0;
  for_each([&](float value) { ++high[key_of(value) >> 16], ++count; });
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  std::array<double, 2> middle{};
  for (size_t side = 0; side < 2; ++side) {
    int64_t rank = side == 0 ? (count - 1) / 2 : count / 2;
    const uint32_t bin = bin_of(high, rank);
    std::vector<int64_t> low(kBins);
    for_each([&](float value) {
      if (key_of(value) >> 16 == bin) ++low[key_of(value) & 0xffffu];
    });
    middle[side] = static_cast<double>(value_of(bin << 16 | bin_of(low, rank)));
  }
  return (middle[0] + middle[1]) / 2;
}

}  // namespace convoy
