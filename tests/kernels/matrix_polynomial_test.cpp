#include "core/ops/matrix_polynomial.h"

#include <cmath>

#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

class MatrixPolynomialTest : public OpsTest {};

TEST_F(MatrixPolynomialTest, UnitNorm) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t n : {1, 7, 100, 40000}) {
      const Array x = random_array({n}, DType::f32, 1), y = Array::zeros({n}, dtype);
      Values expected = x.values();
      double square = 0;
      for (const double value : expected) square += value * value;
      run(UnitNorm{y, x, Array({1}, DType::f32, {square}), 0.5f});
      for (double& value : expected) value /= std::sqrt(square) + 0.5;
      expect_near(y.values(), expected, tolerance, "unit norm");
    }
}

TEST_F(MatrixPolynomialTest, OfAnySide) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const int64_t n : {1, 2, 3, 4, 5, 16, 33, 150}) {
      const Array a = random_array({n, n}, dtype, 1), y = random_array({n, n}, dtype, 2);
      const Values of_a = a.values();
      Values expected = y.values();
      for (size_t i = 0; i < expected.size(); ++i)
        expected[i] = 0.5 * expected[i] - 1.5 * of_a[i] + (i % static_cast<size_t>(n + 1) == 0 ? 2.5 : 0);
      run(MatrixPolynomial{y, a, 2.5f, -1.5f, 0.5f});
      expect_near(y.values(), expected, tolerance, "polynomial");
    }
}

TEST_F(MatrixPolynomialTest, SameBitsForAnyThreads) {
  expect_same_bits_for_any_threads([&] {
    const Array a = random_array({300, 300}, DType::f32, 1), y = random_array({300, 300}, DType::f32, 2);
    run(MatrixPolynomial{y, a, 2.5f, -1.5f, 0.5f});
    run(UnitNorm{a, y, Array({1}, DType::f32, {3}), 1e-7f});
    return Bits{a.bits(), y.bits()};
  });
}

}  // namespace
}  // namespace convoy::test
