#include "core/ops/squared_error.h"

#include "core/ops/reductions.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

using SquaredErrorTest = OpsTest;

TEST_F(SquaredErrorTest, LossAndGradientsMatchFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const DType target_dtype : {DType::f32, dtype})
      for (const int64_t F : {1, 2, 31, 32, 33, 1000}) {
        const int64_t N = 301;
        const Array x = random_array({N, F}, dtype, 1, 4), target = random_array({N, F}, target_dtype, 2, 4);
        const Array losses = Array::filled({N}, DType::f32, 77), dx = Array::zeros({N, F}, dtype),
                    dtarget = Array::zeros({N, F}, target_dtype);
        run(SquaredError{losses, x, target, dx, dtarget, 0.25f});
        const Values a = x.values(), b = target.values();
        Values wanted_losses(static_cast<size_t>(N)), wanted_dx, wanted_dtarget;
        for (size_t i = 0; i < a.size(); ++i) {
          const double error = a[i] - b[i];
          wanted_losses[i / static_cast<size_t>(F)] += error * error / static_cast<double>(F);
          wanted_dx.push_back(0.25 * 2 * error / static_cast<double>(F));
          wanted_dtarget.push_back(-wanted_dx.back());
        }
        expect_near(losses.values(), wanted_losses, 1e-5, "losses");
        expect_near(dx.values(), wanted_dx, dtype == DType::f32 ? 1e-6 : 2e-2, "dx");
        expect_near(dtarget.values(), wanted_dtarget, target_dtype == DType::f32 ? 1e-6 : 2e-2, "dtarget");
      }
}

TEST_F(SquaredErrorTest, LossesAloneHaveTheSameBits) {
  const Array x = random_array({70, 9}, DType::f32, 1), target = random_array({70, 9}, DType::f32, 2);
  const Array with = Array::zeros({70}, DType::f32), alone = Array::zeros({70}, DType::f32),
              dx = Array::zeros({70, 9}, DType::f32);
  run(SquaredError{with, x, target, dx, {}, 1});
  run(SquaredError{alone, x, target, {}, {}, 1});
  EXPECT_EQ(alone.bits(), with.bits());
}

TEST_F(SquaredErrorTest, FillSetsEveryElement) {
  for (const int64_t n : {1, 255, 256, 100001}) {
    const Array x = Array::zeros({n}, DType::f32);
    run(Fill{x, 1.5f});
    EXPECT_EQ(x.values(), Values(static_cast<size_t>(n), 1.5));
  }
}

}  // namespace
}  // namespace convoy::test
