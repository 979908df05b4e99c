#include "datasets/keyed_permutation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace convoy {
namespace {

std::vector<int64_t> all_of(uint64_t seed, uint64_t epoch, int64_t size) {
  const KeyedPermutation permutation(seed, epoch, size);
  std::vector<int64_t> values;
  for (int64_t i = 0; i < size; ++i) values.push_back(permutation(i));
  return values;
}

TEST(KeyedPermutation, IsABijectionForAnySize) {
  for (const int64_t size : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 63, 64, 65, 1000, 4096, 4097, 100003}) {
    std::vector<bool> seen(static_cast<size_t>(size));
    for (const int64_t value : all_of(5, 2, size)) {
      ASSERT_TRUE(value >= 0 && value < size) << value << " of " << size;
      ASSERT_FALSE(seen[static_cast<size_t>(value)]) << value << " twice, size " << size;
      seen[static_cast<size_t>(value)] = true;
    }
  }
}

TEST(KeyedPermutation, EverySeedAndEpochHasItsOwn) {
  EXPECT_EQ(all_of(1, 0, 1000), all_of(1, 0, 1000));
  EXPECT_NE(all_of(1, 0, 1000), all_of(2, 0, 1000));
  EXPECT_NE(all_of(1, 0, 1000), all_of(1, 1, 1000));
  EXPECT_NE(all_of(1, 0, 1000), all_of(uint64_t{1} << 40, 0, 1000));
}

// Many at once, there and back, in any number.
TEST(KeyedPermutation, ManyAtOnceAreThoseOneByOne) {
  for (const int64_t size : {int64_t{1}, int64_t{2}, int64_t{7}, int64_t{8}, int64_t{1000}, int64_t{4097},
                             int64_t{1'000'000'000'007}, (int64_t{1} << 62) - 1})
    for (const uint64_t epoch : {uint64_t{0}, uint64_t{3}, (uint64_t{1} << 63) + 5}) {
      const KeyedPermutation permutation(0x123456789abcdef0u, epoch, size);
      for (const size_t count : {0u, 1u, 7u, 8u, 9u, 100u}) {
        std::vector<int64_t> indices(count), values;
        for (size_t i = 0; i < count; ++i) indices[i] = static_cast<int64_t>(i) * (size / 100 + 1) % size;
        for (const int64_t index : indices) values.push_back(permutation(index));
        std::vector<int64_t> together = indices;
        permutation.permute(together);
        EXPECT_EQ(together, values) << "size " << size;
        permutation.invert(together);
        EXPECT_EQ(together, indices) << "size " << size;
      }
    }
}

// A trillion windows cost no memory.
TEST(KeyedPermutation, HoldsForHugeSizes) {
  const int64_t size = 1'000'000'000'007;
  const KeyedPermutation permutation(3, 0, size);
  for (int64_t i = 0; i < 1000; ++i) {
    EXPECT_LT(permutation(i), size);
    EXPECT_GE(permutation(i), 0);
    EXPECT_NE(permutation(i), permutation(i + 1));
  }
}

// Values of a random permutation are evenly spread and neighbours are unrelated: chi-square of the first half over 32
// ranges has mean 31 and deviation 8, the correlation of neighbours deviates by 1/sqrt(n) = 0.01.
TEST(KeyedPermutation, LooksRandom) {
  const int64_t size = 20000, half = size / 2;
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    const std::vector<int64_t> values = all_of(seed, 0, size);
    std::vector<double> counts(32);
    double correlation = 0;
    for (int64_t i = 0; i < half; ++i) {
      const auto value = static_cast<double>(values[static_cast<size_t>(i)]);
      const auto next = static_cast<double>(values[static_cast<size_t>(i) + 1]);
      counts[static_cast<size_t>(value / static_cast<double>(size) * 32)] += 1;
      correlation += (value / size - 0.5) * (next / size - 0.5) * 12 / static_cast<double>(half);
    }
    double chi_square = 0;
    for (const double count : counts) chi_square += std::pow(count - half / 32.0, 2) / (half / 32.0);
    EXPECT_LT(chi_square, 31 + 4 * 8) << "seed " << seed;
    EXPECT_LT(std::abs(correlation), 0.04) << "seed " << seed;
  }
}

}  // namespace
}  // namespace convoy
