// Every form of the operator against float64, at sizes that no tile divides.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/ops/matmul.h"
#include "core/ops/ops.h"
#include "tests/kernels/matmul_case.h"

namespace convoy::test {
namespace {

struct Extents {
  int64_t M, N, K;
};

// The first all modes, the last several tiles in both directions and several widened blocks of K.
const Extents kSmall[] = {{1, 1, 1},      {3, 17, 65},  {17, 3, 130},  {65, 130, 3},
                          {130, 257, 17}, {257, 65, 3}, {1, 257, 130}, {17, 1, 257}};
const Extents kEmpty[] = {{3, 17, 0}, {0, 17, 3}, {17, 0, 3}, {0, 3, 0}};
const Extents kLarge[] = {{530, 784, 70}, {1030, 200, 43}, {65, 1600, 40}, {40, 200, 1100}};

class MatmulTest : public testing::TestWithParam<std::pair<DType, DType>> {
 protected:
  // For each combination of transposed operands.
  template <class Change>
  void check(const Extents& extents, const Change& change) {
    for (const bool a_transposed : {false, true})
      for (const bool b_transposed : {false, true}) {
        MatmulOptions options{.M = extents.M, .N = extents.N, .K = extents.K};
        options.input = GetParam().first;
        options.output = GetParam().second;
        options.a_transposed = a_transposed;
        options.b_transposed = b_transposed;
        change(options);
        if (options.column_sums && b_transposed) continue;
        MatmulCase test(options);
        test.run();
        test.expect_right();
        if (HasFatalFailure()) return;
      }
  }

  template <class Change>
  void check_all(const Change& change) {
    for (const Extents& extents : kSmall) check(extents, change);
    for (const Extents& extents : kEmpty) check(extents, change);
    for (const Extents& extents : kLarge) check(extents, change);
  }
};

TEST_P(MatmulTest, Multiplies) {
  check_all([](MatmulOptions&) {});
}

TEST_P(MatmulTest, AddsToTheOldValuesWithOneRounding) {
  check_all([](MatmulOptions& o) { o.accumulate = true; });
  check_all([](MatmulOptions& o) { o.accumulate = o.bias = true; });
}

TEST_P(MatmulTest, AddsTheBias) {
  check_all([](MatmulOptions& o) { o.bias = true; });
}

TEST_P(MatmulTest, AppliesActivationsAndKeepsTheirArgument) {
  for (const Activation kind : {Activation::gelu_tanh, Activation::relu, Activation::silu, Activation::tanh}) {
    for (const Extents& extents : kSmall) check(extents, [&](MatmulOptions& o) { o.activation = kind; });
    for (const Extents& extents : kEmpty)
      check(extents, [&](MatmulOptions& o) { o.activation = kind, o.bias = o.pre_activation = true; });
    check(kSmall[4], [&](MatmulOptions& o) { o.activation = kind, o.bias = o.pre_activation = true; });
  }
  for (const Extents& extents : kLarge)
    check(extents, [](MatmulOptions& o) { o.activation = Activation::gelu_tanh, o.bias = o.pre_activation = true; });
}

TEST_P(MatmulTest, WritesThePreActivationWithoutAnActivation) {
  check(kSmall[4], [](MatmulOptions& o) { o.pre_activation = o.accumulate = true; });
}

TEST_P(MatmulTest, MultipliesByTheDerivative) {
  for (const Activation kind : {Activation::gelu_tanh, Activation::relu, Activation::silu, Activation::tanh})
    for (const Extents& extents : kSmall)
      check(extents, [&](MatmulOptions& o) { o.derivative_of = kind, o.pre_activation = true; });
  for (const Extents& extents : kLarge)
    check(extents, [](MatmulOptions& o) { o.derivative_of = Activation::gelu_tanh, o.pre_activation = true; });
}

TEST_P(MatmulTest, SumsColumns) {
  check_all([](MatmulOptions& o) { o.column_sums = o.accumulate = true; });
}

TEST_P(MatmulTest, LeavesOutColumnsOfAWiderA) {
  for (const Extents& extents : {Extents{17, 24, 70}, Extents{3, 9, 5}, Extents{307, 40, 33}, Extents{0, 3, 4}})
    for (const bool accumulate : {false, true}) {
      MatmulOptions options{.M = extents.M, .N = extents.N, .K = extents.K};
      options.input = GetParam().first;
      options.output = GetParam().second;
      options.a_transposed = true;
      options.accumulate = accumulate;
      options.more_columns = 128 - extents.M % 128;
      MatmulCase test(options);
      test.run();
      test.expect_right();
    }
}

INSTANTIATE_TEST_SUITE_P(Types, MatmulTest,
                         testing::Values(std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::bf16},
                                         std::pair{DType::bf16, DType::f32}, std::pair{DType::f32, DType::bf16}),
                         [](const auto& types) {
                           return std::string(name_of(types.param.first)) + "_to_" +
                                  std::string(name_of(types.param.second));
                         });

TEST(MatmulArguments, AreCheckedAndNamed) {
  const auto message = [&](const auto& change) -> std::string {
    const MatmulCase test({.M = 3, .N = 5, .K = 7});
    Matmul args = test.args();
    change(args);
    try {
      test_device().ops().run(test_stream(), args);
    } catch (const InternalError& error) {
      return error.what();
    }
    return "nothing thrown";
  };
  EXPECT_EQ(message([](Matmul& m) { m.b_transposed = true; }),
            "matmul c f32 (3, 5) = a f32 (3, 7) x b f32 (7, 5) transposed: a sums over 7 elements, b over 5");
  EXPECT_NE(message([](Matmul& m) { m.c.shape = {5, 3}; }).find("c must be (3, 5)"), std::string::npos);
  EXPECT_NE(message([](Matmul& m) {
              m.a_transposed = true;
              m.a.shape = {7, 2};
            }).find("c must be (2, 5)"),
            std::string::npos);
  EXPECT_NE(message([](Matmul& m) { m.b.dtype = DType::bf16; }).find("both be f32"), std::string::npos);
  EXPECT_NE(message([](Matmul& m) { m.bias = m.a; }).find("bias must be 5"), std::string::npos);
  EXPECT_NE(message([](Matmul& m) { m.derivative_of = Activation::relu; }).find("needs pre_activation"),
            std::string::npos);
  EXPECT_NE(message([](Matmul& m) { m.column_sums = m.a; }).find("column_sums must be 5"), std::string::npos);
}

}  // namespace
}  // namespace convoy::test
