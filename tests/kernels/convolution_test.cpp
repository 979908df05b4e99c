#include "core/ops/convolution.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "tests/kernels/convolution_case.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

class ConvolutionTest : public OpsTest {
 protected:
  void run_all(const ConvolutionCase& c) {
    run_with_scratch(c.forward());
    run_with_scratch(c.backward_input());
    run_with_scratch(c.backward_weight());
  }
};

TEST_F(ConvolutionTest, MatchesFloat64) {
  for (const auto& [dtype, tolerance] : kPrecisions)
    for (const ConvolutionOptions& options : convolutions(dtype)) {
      SCOPED_TRACE(to_string(options));
      const ConvolutionCase c(options);
      run_all(c);
      c.expect_right(tolerance);
    }
}

TEST_F(ConvolutionTest, BitsDoNotDependOnThreads) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const ConvolutionOptions& options : convolutions(dtype)) {
      SCOPED_TRACE(to_string(options));
      expect_same_bits_for_any_threads([&] {
        const ConvolutionCase c(options);
        run_all(c);
        return c.bits();
      });
    }
}

// More pixels than a part of the sum over them, more channels than a tile.
TEST_F(ConvolutionTest, SumsOverManyPixels) {
  const ConvolutionOptions options{.B = 5, .H = 37, .W = 31, .Cin = 9, .Cout = 70};
  const ConvolutionCase c(options);
  run_all(c);
  c.expect_right(2e-5, 1e-4);  // sums of thousands of numbers of order one
}

TEST_F(ConvolutionTest, GradientOfTheBiasIsOptional) {
  const ConvolutionCase with({}), without({});
  run_with_scratch(with.backward_weight());
  ConvolutionBackwardWeight args = without.backward_weight();
  args.dbias = {};
  run_with_scratch(args);
  EXPECT_EQ(without.dweight.bits(), with.dweight.bits());
}

TEST_F(ConvolutionTest, ReluKeepsNaN) {
  ConvolutionCase c({.Cin = 1, .Cout = 1, .relu = true});
  c.x = Array::filled(c.x.tensor().shape, DType::f32, std::numeric_limits<double>::quiet_NaN());
  run_with_scratch(c.forward());
  for (const double value : c.y.values()) EXPECT_TRUE(std::isnan(value));
}

TEST_F(ConvolutionTest, RefusesTensorsThatDoNotFit) {
  const ConvolutionCase c({});
  ConvolutionForward other_width = c.forward(), other_groups = c.forward();
  other_width.shape.Wout = 3;
  other_groups.shape.groups = 2;
  EXPECT_THROW(run_with_scratch(other_width), InternalError);
  EXPECT_THROW(run_with_scratch(other_groups), InternalError);
}

}  // namespace
}  // namespace convoy::test
