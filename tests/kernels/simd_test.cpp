// Vector functions against float64, both instruction sets.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/philox.h"
#include "kernels/cpu/cpu_isa.h"
#include "tests/kernels/simd_functions.h"

namespace convoy::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

class SimdTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && cpu::processor_isa() == cpu::Isa::avx2) GTEST_SKIP() << "this processor has no AVX-512";
  }
  const SimdFunctions& functions() const { return GetParam() ? avx512::functions : avx2::functions; }

  // 16 * 65536 values over [low, high].
  static std::vector<float> values(double low, double high) {
    std::vector<float> x(1 << 20);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>(low + (high - low) * static_cast<double>(i) / static_cast<double>(x.size() - 1));
    return x;
  }
  static std::vector<float> apply(SimdFunctions::Unary function, const std::vector<float>& x) {
    std::vector<float> y(x.size());
    function(y.data(), x.data(), static_cast<int64_t>(x.size() / 16));
    return y;
  }
  static float one(SimdFunctions::Unary function, float x) { return apply(function, std::vector<float>(16, x))[3]; }

  static void expect_relative(SimdFunctions::Unary function, double (*exact)(double), double low, double high,
                              double bound) {
    const std::vector<float> x = values(low, high), y = apply(function, x);
    double worst = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double wanted = exact(static_cast<double>(x[i]));
      if (wanted != 0) worst = std::max(worst, std::abs(static_cast<double>(y[i]) / wanted - 1));
    }
    EXPECT_LT(worst, bound) << low << " to " << high;
  }
};

TEST_P(SimdTest, Exp) {
  expect_relative(functions().exp, std::exp, -87.3, 88.7, 3e-7);
  EXPECT_EQ(one(functions().exp, 0), 1);
  EXPECT_EQ(one(functions().exp, -kInfinity), 0);
  EXPECT_EQ(one(functions().exp, -1e30f), 0);
  EXPECT_EQ(one(functions().exp, 89), kInfinity);
  EXPECT_TRUE(std::isnan(one(functions().exp, kNaN)));
}

TEST_P(SimdTest, Exp2) {
  expect_relative(functions().exp2, std::exp2, -126, 127.4, 3e-7);
  EXPECT_EQ(one(functions().exp2, 0), 1);
  EXPECT_EQ(one(functions().exp2, -3), 0.125f);
  EXPECT_EQ(one(functions().exp2, -127), 0);
  EXPECT_EQ(one(functions().exp2, -kInfinity), 0);
  EXPECT_TRUE(std::isnan(one(functions().exp2, kNaN)));
}

TEST_P(SimdTest, Tanh) {
  expect_relative(functions().tanh, std::tanh, -12, 12, 3e-7);
  expect_relative(functions().tanh, std::tanh, -1e-3, 1e-3, 3e-7);
  EXPECT_EQ(one(functions().tanh, kInfinity), 1);
  EXPECT_EQ(one(functions().tanh, -kInfinity), -1);
  EXPECT_TRUE(std::signbit(one(functions().tanh, -0.0f)));
  EXPECT_TRUE(std::isnan(one(functions().tanh, kNaN)));
}

TEST_P(SimdTest, Log) {
  expect_relative(functions().log, std::log, 1e-3, 0.9999, 5e-7);
  expect_relative(functions().log, std::log, 1.0001, 1e6, 5e-7);
  expect_relative(functions().log, std::log, 1.2e-38, 1e-37, 3e-7);
  expect_relative(functions().log, std::log, 1e37, 3e38, 3e-7);
  EXPECT_EQ(one(functions().log, 1), 0);
  EXPECT_EQ(one(functions().log, 0), -kInfinity);
}

TEST_P(SimdTest, SumOfLanesIsExactForWholeNumbers) {
  float x[16];
  for (int i = 0; i < 16; ++i) x[i] = static_cast<float>(1 << i);
  EXPECT_EQ(functions().sum_lanes(x), 65535);
}

TEST_P(SimdTest, PhiloxIsTheScalarFunction) {
  for (const uint64_t seed : {uint64_t{0}, uint64_t{0xdeadbeef12345678}, ~uint64_t{0}})
    for (const std::array<uint32_t, 4> first :
         {std::array<uint32_t, 4>{0, 0, 0, 0}, {5, 0x02000007, 0xffffffff, 0x80000000}, {0xfffffff8, 1, 2, 3}}) {
      std::array<uint32_t, 64> words{};
      functions().philox(words.data(), seed, first);
      for (uint32_t lane = 0; lane < 16; ++lane) {
        const PhiloxCounter wanted = philox(philox_key(seed), {first[0] + lane, first[1], first[2], first[3]});
        for (size_t word = 0; word < 4; ++word) EXPECT_EQ(words[lane * 4 + word], wanted[word]);
      }
    }
}

TEST_P(SimdTest, BothGiveTheSameBits) {
  if (cpu::processor_isa() == cpu::Isa::avx2) GTEST_SKIP() << "this processor has no AVX-512";
  const std::vector<float> x = values(-100, 100), positive = values(1e-3, 1e5);
  EXPECT_EQ(apply(avx2::functions.exp, x), apply(avx512::functions.exp, x));
  EXPECT_EQ(apply(avx2::functions.exp2, x), apply(avx512::functions.exp2, x));
  EXPECT_EQ(apply(avx2::functions.tanh, x), apply(avx512::functions.tanh, x));
  EXPECT_EQ(apply(avx2::functions.log, positive), apply(avx512::functions.log, positive));
  EXPECT_EQ(avx2::functions.sum_lanes(&x[7]), avx512::functions.sum_lanes(&x[7]));
}

INSTANTIATE_TEST_SUITE_P(Isa, SimdTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "avx512" : "avx2"; });

}  // namespace
}  // namespace convoy::test
