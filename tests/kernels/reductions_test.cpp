#include "core/ops/reductions.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/integers.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using ReductionsTest = OpsTest;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST_F(ReductionsTest, SumOfWholeNumbersIsExact) {
  for (const int64_t n : {0, 1, 15, 16, 17, 100, 16384, 16385, 100001}) {
    Values x;
    double wanted = 0;
    for (int64_t i = 0; i < n; ++i) wanted += x.emplace_back(static_cast<double>(i % 17 - 8));
    const Array sum({1}, DType::f32, {1000});
    run(Sum{sum, Array({n}, DType::f32, x), 1, false});
    EXPECT_EQ(sum.values()[0], wanted);
    run(Sum{sum, Array({n}, DType::f32, x), 2, true});
    EXPECT_EQ(sum.values()[0], 3 * wanted);
  }
}

TEST_F(ReductionsTest, SumOfManyStaysAccurate) {
  const int64_t n = 1 << 22;
  const Array sum = Array::zeros({1}, DType::f32), x = Array::filled({n}, DType::f32, 0.1);
  run(Sum{sum, x, 1, false});
  EXPECT_NEAR(sum.values()[0] / static_cast<double>(n), static_cast<double>(0.1f), 2e-8);
}

TEST_F(ReductionsTest, SumSquaresPerBlock) {
  for (const int64_t n : {1, 100, 16384, 16385, 50000}) {
    const Array x = random_array({n}, DType::f32, 1);
    const Array partials = Array::zeros({ceil_div(n, kSumSquaresBlock)}, DType::f32);
    run(SumSquares{partials, x});
    const Values in = x.values();
    Values wanted(static_cast<size_t>(partials.size()), 0);
    for (size_t i = 0; i < in.size(); ++i) wanted[i / kSumSquaresBlock] += in[i] * in[i];
    expect_near(partials.values(), wanted, 1e-6, "partials");
  }
}

TEST_F(ReductionsTest, ClipFactorOfNorm) {
  const Array result = Array::zeros({2}, DType::f32);
  const auto clip = [&](const Values& partials, float max_norm) {
    run(ClipFactor{result, Array({static_cast<int64_t>(partials.size())}, DType::f32, partials), max_norm});
    return result.values();
  };
  EXPECT_EQ(clip({9, 16}, 10), (Values{5, 1}));
  EXPECT_EQ(clip({9, 16}, 2.5), (Values{5, 0.5}));
  EXPECT_EQ(clip({9, 16}, 0), (Values{5, 1})) << "0 is no clipping";
  EXPECT_EQ(clip({0}, 1), (Values{0, 1}));
  EXPECT_TRUE(std::isnan(clip({1, kNaN}, 1)[1]));
  EXPECT_TRUE(std::isnan(clip({1, kNaN}, 0)[1]));
  EXPECT_TRUE(std::isnan(clip({std::numeric_limits<double>::infinity()}, 1)[1]));
}

TEST_F(ReductionsTest, AddRoundsThroughBf16WhereAsked) {
  const Array x = random_array({100003}, DType::f32, 1), start = random_array({100003}, DType::f32, 2);
  for (const DType through : {DType::f32, DType::bf16}) {
    const Array y = start;
    run(Add{y, x, through});
    const auto result = read<float>(y), before = read<float>(start), added = read<float>(x);
    for (size_t i = 0; i < result.size(); ++i) {
      const float sum = before[i] + added[i];
      ASSERT_EQ(result[i], through == DType::bf16 ? static_cast<float>(bf16(sum)) : sum);
    }
  }
}

float rounded(float value, DType dtype) { return dtype == DType::bf16 ? static_cast<float>(bf16(value)) : value; }

float tree_f32(const Values& rows, int64_t begin, int64_t count, int64_t n, int64_t column, DType dtype) {
  if (count == 1) return static_cast<float>(rows[static_cast<size_t>(begin * n + column)]);
  int64_t left = 1;
  while (left * 2 < count) left *= 2;
  return rounded(
      tree_f32(rows, begin, left, n, column, dtype) + tree_f32(rows, begin + left, count - left, n, column, dtype),
      dtype);
}

TEST_F(ReductionsTest, TreeSumIsTheRecursiveTree) {
  const int64_t n = 37;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (int64_t R = 1; R <= 17; ++R) {
      const Array rows = random_array({R, n}, dtype, 5), y = Array::zeros({n}, DType::f32);
      run(TreeSum{y, rows});
      const Values sums = y.values(), terms = rows.values();
      for (int64_t i = 0; i < n; ++i)
        EXPECT_EQ(sums[static_cast<size_t>(i)], double{tree_f32(terms, 0, R, n, i, dtype)})
            << R << " rows, element " << i;
    }
}

TEST_F(ReductionsTest, TreeSumMayWriteItsFirstRow) {
  const Array rows = random_array({6, 50000}, DType::f32, 6), apart = Array::zeros({50000}, DType::f32);
  run(TreeSum{apart, rows});
  run(TreeSum{rows.tensor().range(0, 50000), rows});
  const Values together = rows.values();
  EXPECT_EQ(Values(together.begin(), together.begin() + 50000), apart.values());
}

TEST_F(ReductionsTest, CastRoundsToNearestEvenEverywhere) {
  // All upper halves with lower halves around the tie, NaNs, infinities and subnormal numbers among them.
  constexpr uint32_t kLower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
  const Array x = Array::zeros({65536 * 6}, DType::f32), y = Array::zeros({65536 * 6}, DType::bf16);
  std::vector<uint32_t> words;
  for (uint32_t i = 0; i < 65536 * 6; ++i) words.push_back(i / 6 << 16 | kLower[i % 6]);
  write(x, words);
  run(Cast{y, x});
  const auto rounded = read<bf16>(y);
  for (size_t i = 0; i < words.size(); ++i) {
    const auto value = std::bit_cast<float>(words[i]);
    if (std::isnan(value))
      ASSERT_TRUE(std::isnan(static_cast<float>(rounded[i]))) << i;  // which of them is the device's choice
    else
      ASSERT_EQ(rounded[i].bits, bf16(value).bits) << i;
  }
}

TEST_F(ReductionsTest, CastWidensEveryBf16) {
  const Array x = Array::zeros({65537}, DType::bf16), y = Array::zeros({65537}, DType::f32);
  std::vector<uint16_t> halves;
  for (uint32_t i = 0; i < 65537; ++i) halves.push_back(static_cast<uint16_t>(i));
  write(x, halves);
  run(Cast{y, x});
  const auto words = read<uint32_t>(y);
  for (uint32_t i = 0; i < 65537; ++i) ASSERT_EQ(words[i], (i & 0xffff) << 16);
  const Array copy = Array::zeros({65537}, DType::f32);
  run(Cast{copy, y});
  EXPECT_EQ(copy.bits(), y.bits());
}

TEST_F(ReductionsTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    const int64_t n = 1 << 20;
    const Array x = random_array({n}, DType::f32, 7), sum = Array::zeros({1}, DType::f32);
    const Array partials = Array::zeros({ceil_div(n, kSumSquaresBlock)}, DType::f32);
    const Array statistics = Array::zeros({5}, DType::f32);
    run(Sum{sum, x, 0.5f, false});
    run(SumSquares{partials, x});
    run(Statistics{statistics, x});
    return Bits{sum.bits(), partials.bits(), statistics.bits()};
  });
}

TEST_F(ReductionsTest, StatisticsLeaveOutWhatIsNotFinite) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Array result = Array::zeros({5}, DType::f32);
    run(Statistics{result, Array({7}, dtype, {1, -3, kNaN, 4, std::numeric_limits<double>::infinity(), 2, 0})});
    expect_near(result.values(), {-3, 4, 0.8, 2, 2}, 1e-6, "statistics");
  }
}

TEST_F(ReductionsTest, StatisticsOfMany) {
  const Array x = random_array({200001}, DType::f32, 8), result = Array::zeros({5}, DType::f32);
  run(Statistics{result, x});
  const Values in = x.values();
  double sum = 0, magnitudes = 0;
  for (const double value : in) {
    sum += value;
    magnitudes += std::abs(value);
  }
  const auto [low, high] = std::minmax_element(in.begin(), in.end());
  expect_near(result.values(), {*low, *high, sum / 200001, magnitudes / 200001, 0}, 1e-6, "statistics");
}

TEST_F(ReductionsTest, StatisticsOfNothingFinite) {
  const Array result = Array::zeros({5}, DType::f32);
  run(Statistics{result, Array({2}, DType::f32, {kNaN, -std::numeric_limits<double>::infinity()})});
  EXPECT_EQ(result.values(), (Values{0, 0, 0, 0, 2}));
}

}  // namespace
}  // namespace convoy::test
