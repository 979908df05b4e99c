#include <cmath>

#include "core/ops/dropout.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using DropoutTest = OpsTest;

TEST_F(DropoutTest, EveryElementIsThatOfTheScalarFormula) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t C : {1, 3, 4, 17, 63, 64, 65, 200, 384}) {
      const int64_t N = 11;
      DropoutCase with(0.3f, 4);
      const Array x = random_array({N, C}, dtype, 1), y = Array::zeros({N, C}, dtype);
      run(DropoutApply{y, x, with.dropout});
      const Values in = x.values(), out = y.values();
      for (int64_t i = 0; i < N * C; ++i) {
        const auto at = static_cast<size_t>(i);
        const double wanted = in[at] * dropout_factor(with.dropout, i / C, i % C);
        EXPECT_EQ(out[at] == 0, wanted == 0) << "row " << i / C << " element " << i % C << " of " << C;
        EXPECT_NEAR(out[at], wanted, tolerance);
      }
    }
}

TEST_F(DropoutTest, KeepsTheShareAskedForAndTheMean) {
  const int64_t N = 400, C = 500;
  for (const float p : {0.1f, 0.5f, 0.9f}) {
    DropoutCase with(p, N);
    Array y = Array::filled({N, C}, DType::f32, 1);
    run(DropoutApply{y, y, with.dropout});  // in place
    double mean = 0, kept = 0;
    for (const double value : y.values()) {
      mean += value / static_cast<double>(N * C);
      kept += value != 0 ? 1.0 / static_cast<double>(N * C) : 0;
    }
    const double deviation = std::sqrt(p * (1 - p) / static_cast<double>(N * C));
    EXPECT_NEAR(kept, 1 - p, 5 * deviation);
    EXPECT_NEAR(mean, 1, 5 * deviation / (1 - p));
  }
}

TEST_F(DropoutTest, BoundaryOfTheUniformNumberIsKept) {
  // Half of all uniform numbers are >= 1/2 exactly; the vector compares whole numbers instead of floats.
  DropoutCase with(0.5f, 64);
  const Array x = Array::filled({64, 4096}, DType::f32, 1), y = Array::zeros({64, 4096}, DType::f32);
  run(DropoutApply{y, x, with.dropout});
  const Values out = y.values();
  for (int64_t i = 0; i < y.size(); ++i)
    ASSERT_EQ(out[static_cast<size_t>(i)], dropout_factor(with.dropout, i / 4096, i % 4096)) << i;
}

TEST_F(DropoutTest, OffCopies) {
  const Array x = random_array({3, 5}, DType::bf16, 2), y = Array::zeros({3, 5}, DType::bf16);
  run(DropoutApply{y, x, {}});
  EXPECT_EQ(y.bits(), x.bits());
}

TEST_F(DropoutTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    DropoutCase with(0.2f, 50);
    Array y = random_array({500, 100}, DType::f32, 3);
    run(DropoutApply{y, y, with.dropout});
    return Bits{y.bits()};
  });
}

}  // namespace
}  // namespace convoy::test
