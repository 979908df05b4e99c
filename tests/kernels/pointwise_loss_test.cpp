#include "core/ops/pointwise_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ops/reductions.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using PointwiseLossTest = OpsTest;

constexpr LossRule kRules[] = {LossRule::squared, LossRule::absolute, LossRule::huber, LossRule::binary_cross_entropy};
constexpr double kDelta = 0.75;

PointLoss<double> point_loss(LossRule rule, double x, double target) {
  const double error = x - target, sign = error > 0 ? 1 : error < 0 ? -1 : 0;
  const bool far = std::abs(error) > kDelta;
  switch (rule) {
    case LossRule::squared:
      return {error * error, 2 * error, -2 * error};
    case LossRule::absolute:
      return {std::abs(error), sign, -sign};
    case LossRule::huber: {
      const double slope = far ? kDelta * sign : error;
      return {far ? kDelta * (std::abs(error) - kDelta / 2) : error * error / 2, slope, -slope};
    }
    case LossRule::binary_cross_entropy:
      return {std::max(x, 0.0) - x * target + std::log1p(std::exp(-std::abs(x))), 1 / (1 + std::exp(-x)) - target, -x};
  }
  return {};
}

TEST_F(PointwiseLossTest, LossAndGradientsMatchFloat64) {
  for (const LossRule rule : kRules)
    for (const auto& [dtype, tolerance] : kPrecisions)
      for (const DType target_dtype : {DType::f32, dtype})
        for (const int64_t F : {1, 2, 31, 32, 33, 1000}) {
          const int64_t N = 301;
          const Array x = random_array({N, F}, dtype, 1, 4), target = random_array({N, F}, target_dtype, 2, 4);
          const Array losses = Array::filled({N}, DType::f32, 77), weights = losses, dx = Array::zeros({N, F}, dtype),
                      dtarget = Array::zeros({N, F}, target_dtype);
          run(PointwiseLoss{rule, losses, weights, x, target, dx, dtarget, 0.25f, static_cast<float>(kDelta)});
          const Values a = x.values(), b = target.values();
          Values wanted_losses(static_cast<size_t>(N)), wanted_dx, wanted_dtarget;
          for (size_t i = 0; i < a.size(); ++i) {
            const PointLoss<double> point = point_loss(rule, a[i], b[i]);
            const auto row = static_cast<double>(F);
            wanted_losses[i / static_cast<size_t>(F)] += point.loss / row;
            wanted_dx.push_back(0.25 * point.dx / row);
            wanted_dtarget.push_back(0.25 * point.dtarget / row);
          }
          expect_near(losses.values(), wanted_losses, 1e-5, "losses");
          expect_near(weights.values(), Values(static_cast<size_t>(N), 1), 0, "weights");
          expect_near(dx.values(), wanted_dx, dtype == DType::f32 ? 1e-6 : 2e-2, "dx");
          expect_near(dtarget.values(), wanted_dtarget, target_dtype == DType::f32 ? 1e-6 : 2e-2, "dtarget");
        }
}

TEST_F(PointwiseLossTest, LossesAloneHaveTheSameBits) {
  for (const LossRule rule : kRules) {
    const Array x = random_array({70, 9}, DType::f32, 1), target = random_array({70, 9}, DType::f32, 2);
    const Array with = Array::zeros({70}, DType::f32), alone = Array::zeros({70}, DType::f32),
                dx = Array::zeros({70, 9}, DType::f32);
    run(PointwiseLoss{rule, with, {}, x, target, dx, {}});
    run(PointwiseLoss{rule, alone, {}, x, target, {}, {}});
    EXPECT_EQ(alone.bits(), with.bits());
  }
}

TEST_F(PointwiseLossTest, OfTwoClassesIgnoresNegativeOnes) {
  const int64_t N = 37;
  const Array x = random_array({N, 1}, DType::f32, 1, 5);
  Values classes;
  for (int64_t n = 0; n < N; ++n) classes.push_back(static_cast<double>(n % 3) - 1);
  const Array target({N}, DType::i32, classes), losses = Array::filled({N}, DType::f32, 77), weights = losses,
                                                dx = losses;
  run(PointwiseLoss{LossRule::binary_cross_entropy, losses, weights, x, target, dx, {}, 2.0f});
  for (size_t n = 0; n < classes.size(); ++n) {
    const PointLoss<double> point = point_loss(LossRule::binary_cross_entropy, x.values()[n], classes[n]);
    const double counts = classes[n] < 0 ? 0 : 1;
    EXPECT_NEAR(losses.values()[n], counts * point.loss, 1e-5);
    EXPECT_NEAR(dx.values()[n], 2 * counts * point.dx, 1e-5);
    EXPECT_EQ(weights.values()[n], counts);
  }
}

TEST_F(PointwiseLossTest, HoldsFarOut) {
  const Array x({4, 1}, DType::f32, {-200, 200, -1e30, 1e30}), target({4}, DType::i32, {0, 1, 1, 0});
  const Array losses = Array::zeros({4}, DType::f32), dx = Array::zeros({4, 1}, DType::f32);
  run(PointwiseLoss{LossRule::binary_cross_entropy, losses, {}, x, target, dx, {}});
  expect_near(losses.values(), {0, 0, 1e30, 1e30}, 1e-6, "losses");
  expect_near(dx.values(), {0, 0, -1, 1}, 1e-6, "dx");
}

TEST_F(PointwiseLossTest, NumbersThatAreNoneStay) {
  for (const LossRule rule : kRules) {
    const Array x({1, 1}, DType::f32, {std::numeric_limits<double>::quiet_NaN()}), target({1, 1}, DType::f32, {0});
    const Array losses = Array::zeros({1}, DType::f32), dx = Array::zeros({1, 1}, DType::f32);
    run(PointwiseLoss{rule, losses, {}, x, target, dx, {}});
    EXPECT_TRUE(std::isnan(losses.values()[0]));
    EXPECT_TRUE(std::isnan(dx.values()[0]));
  }
}

TEST_F(PointwiseLossTest, FillSetsEveryElement) {
  for (const int64_t n : {1, 255, 256, 100001}) {
    const Array x = Array::zeros({n}, DType::f32);
    run(Fill{x, 1.5f});
    EXPECT_EQ(x.values(), Values(static_cast<size_t>(n), 1.5));
  }
}

}  // namespace
}  // namespace convoy::test
