#include "core/layers/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/layers/convert.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

std::vector<Values> mean_squared_errors(const Values& x, const Values& target, size_t F) {
  Values losses;
  for (size_t begin = 0; begin < x.size(); begin += F) {
    double sum = 0;
    for (size_t i = begin; i < begin + F; ++i) sum += (x[i] - target[i]) * (x[i] - target[i]);
    losses.push_back(sum / static_cast<double>(F));
  }
  return {losses, Values(losses.size(), 1)};
}

TEST(MeanSquaredErrorLayer, MatchesItsReference) {
  const MeanSquaredError layer("mse");
  for (const int64_t F : {1, 3, 32, 77})
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {5, F}}, {DType::f32, {5, F}}},
                 .reference = [F](const std::vector<Values>& x, const std::vector<Values>&, bool) {
                   return mean_squared_errors(x[0], x[1], static_cast<size_t>(F));
                 }});
}

TEST(MeanSquaredErrorLayer, RefusesTargetsOfAnotherShape) {
  const auto plan = [](const TensorSpec& x, const TensorSpec& target) {
    return MeanSquaredError("mse").plan(std::vector{x, target}, Purpose::training);
  };
  EXPECT_THROW(plan({DType::f32, {4, 2}}, {DType::f32, {4, 1}}), ConfigError);
  EXPECT_THROW(plan({DType::f32, {4, 2}}, {DType::f32, {2, 4}}), ConfigError);
  EXPECT_THROW(plan({DType::f32, {4, 1}}, {DType::i32, {4, 1}}), ConfigError);
  EXPECT_NO_THROW(plan({DType::bf16, {4, 1}}, {DType::f32, {4, 1}}));
}

TEST(SoftmaxCrossEntropyLayer, MatchesItsReference) {
  constexpr int64_t kRows = 6, kClasses = 5;
  const Values targets{3, 0, 4, -1, 2, 2};  // one is ignored
  const SoftmaxCrossEntropy layer("cross_entropy");
  const auto reference = [](const std::vector<Values>& x, const std::vector<Values>&, bool) {
    Values losses, weights;
    for (int64_t row = 0; row < kRows; ++row) {
      const auto target = static_cast<int64_t>(x[1][static_cast<size_t>(row)]);
      double total = 0;
      for (int64_t k = 0; k < kClasses; ++k) total += std::exp(x[0][static_cast<size_t>(row * kClasses + k)]);
      weights.push_back(target < 0 ? 0 : 1);
      losses.push_back(target < 0 ? 0 : std::log(total) - x[0][static_cast<size_t>(row * kClasses + target)]);
    }
    return std::vector{losses, weights};
  };
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::f32, {kRows, kClasses}}, {DType::i32, {kRows}}},
               .reference = reference,
               .integers = [&](int) { return targets; }});
}

TEST(SoftmaxCrossEntropyLayer, RefusesTargetsThatAreNoClasses) {
  const std::vector<TensorSpec> inputs{{DType::f32, {4, 2}}, {DType::f32, {4}}};
  EXPECT_THROW(SoftmaxCrossEntropy("loss").plan(inputs, Purpose::training), ConfigError);
}

TEST(ConvertLayer, RoundsToTheOtherType) {
  check_layer({.layer = Convert(DType::f32),
               .inputs = std::vector<TensorSpec>{{DType::f32, {3, 5}}},
               .reference = [](const std::vector<Values>& x, const std::vector<Values>&, bool) { return x; }});
}

}  // namespace
}  // namespace convoy::test
