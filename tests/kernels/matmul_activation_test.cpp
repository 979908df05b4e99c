// The activations and their derivatives over their whole range.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/ops/matmul.h"
#include "tests/kernels/matmul_case.h"

namespace convoy::test {
namespace {

// A product of 1 and x, so that the activation alone is seen.
double activate(Activation kind, double x, bool derivative) {
  MatmulOptions options;
  options.activation = derivative ? Activation::none : kind;
  options.derivative_of = derivative ? kind : Activation::none;
  options.pre_activation = derivative;
  MatmulCase test(options);
  test.a.set(0, 1);
  test.b.set(0, derivative ? 1 : x);
  if (derivative) test.pre_activation.set(0, x);
  test.run();
  return test.c.at(0);
}

TEST(Activations, AreRightToTwoMillionthsRelative) {
  const int64_t N = 8001;
  for (const auto& [name, kind] : enum_names(Activation{})) {
    MatmulOptions options{.N = N};
    options.activation = kind;
    MatmulCase test(options);
    test.a.set(0, 1);
    for (int64_t n = 0; n < N; ++n) test.b.set(n, 1e-3 * static_cast<double>(n - N / 2));
    test.run();
    for (int64_t n = 0; n < N; ++n) {
      const double right = activation_f64(kind, test.b.at(n));
      ASSERT_NEAR(test.c.at(n), right, 2e-6 * std::abs(right)) << name << " at " << test.b.at(n);
    }
  }
}

TEST(Activations, HoldAtTheEnds) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double x : {-1e30, -1e5, -200.0, -90.0})
    for (const Activation kind :
         {Activation::gelu, Activation::gelu_tanh, Activation::relu, Activation::silu, Activation::softplus}) {
      EXPECT_NEAR(activate(kind, x, false), 0, 1e-36) << static_cast<int>(kind) << " at " << x;
      EXPECT_NEAR(activate(kind, -x, false) / -x, 1, 1e-6) << static_cast<int>(kind) << " at " << -x;
      EXPECT_NEAR(activate(kind, x, true), 0, 1e-36) << static_cast<int>(kind) << " at " << x;
      EXPECT_EQ(activate(kind, -x, true), 1) << static_cast<int>(kind) << " at " << -x;
    }
  for (const double x : {50.0, 1e30, infinity}) {
    EXPECT_EQ(activate(Activation::tanh, x, false), 1);
    EXPECT_EQ(activate(Activation::tanh, -x, false), -1);
    EXPECT_NEAR(activate(Activation::tanh, x, true), 0, 1e-36);
  }
  EXPECT_EQ(activate(Activation::relu, -infinity, false), 0);
  for (const double x : {100.0, 0x1p100, infinity}) {
    EXPECT_EQ(activate(Activation::sigmoid, x, false), 1);
    EXPECT_EQ(activate(Activation::sigmoid, -x, false), 0);
    EXPECT_EQ(activate(Activation::softplus, x, false), x);
    EXPECT_EQ(activate(Activation::elu, x, false), x);
    EXPECT_EQ(activate(Activation::elu, -x, false), -1);
  }
}

TEST(Activations, KeepNaN) {
  for (const auto& [name, kind] : enum_names(Activation{}))
    EXPECT_TRUE(std::isnan(activate(kind, std::numeric_limits<double>::quiet_NaN(), false))) << name;
}

}  // namespace
}  // namespace convoy::test
