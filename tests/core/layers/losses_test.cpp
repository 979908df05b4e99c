#include "core/layers/losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/layers/convert.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

constexpr double kDelta = 0.5;

double loss_of(LossRule rule, double x, double target) {
  const double error = std::abs(x - target);
  if (rule == LossRule::absolute) return error;
  if (rule == LossRule::huber) return error > kDelta ? kDelta * (error - kDelta / 2) : error * error / 2;
  if (rule == LossRule::binary_cross_entropy) return std::log1p(std::exp(x)) - x * target;
  return error * error;
}

std::vector<Values> mean_losses(LossRule rule, const Values& x, const Values& target, size_t F) {
  Values losses;
  for (size_t begin = 0; begin < x.size(); begin += F) {
    double sum = 0;
    for (size_t i = begin; i < begin + F; ++i) sum += loss_of(rule, x[i], target[i]);
    losses.push_back(sum / static_cast<double>(F));
  }
  return {losses, Values(losses.size(), 1)};
}

TEST(NumberLossLayer, MatchesItsReference) {
  for (const LossRule rule : {LossRule::squared, LossRule::absolute, LossRule::huber, LossRule::binary_cross_entropy}) {
    const NumberLoss layer("loss", rule, static_cast<float>(kDelta));
    for (const int64_t F : {1, 3, 32, 77})
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::f32, {5, F}}, {DType::f32, {5, F}}},
                   .reference = [=](const std::vector<Values>& x, const std::vector<Values>&, bool) {
                     return mean_losses(rule, x[0], x[1], static_cast<size_t>(F));
                   }});
  }
}

// Pictures compared with pictures: a loss for each sample.
TEST(NumberLossLayer, TakesSamplesOfAnyShape) {
  check_layer({.layer = NumberLoss("mse"),
               .inputs = std::vector<TensorSpec>{{DType::f32, {3, 2, 5, 1}}, {DType::f32, {3, 10}}},
               .reference = [](const std::vector<Values>& x, const std::vector<Values>&, bool) {
                 return mean_losses(LossRule::squared, x[0], x[1], 10);
               }});
}

TEST(NumberLossLayer, TakesTheLogitOfOneOfTwoClasses) {
  const Values targets{1, 0, -1, 1, 0};  // one is ignored
  check_layer({.layer = NumberLoss("loss", LossRule::binary_cross_entropy),
               .inputs = std::vector<TensorSpec>{{DType::f32, {5, 1}}, {DType::i32, {5}}},
               .reference =
                   [&](const std::vector<Values>& x, const std::vector<Values>&, bool) {
                     Values losses, weights;
                     for (size_t n = 0; n < targets.size(); ++n) {
                       weights.push_back(targets[n] < 0 ? 0 : 1);
                       losses.push_back(targets[n] < 0 ? 0
                                                       : loss_of(LossRule::binary_cross_entropy, x[0][n], targets[n]));
                     }
                     return std::vector{losses, weights};
                   },
               .integers = [&](int) { return targets; }});
}

std::string error_of(const Layer& layer, const TensorSpec& x, const TensorSpec& target) {
  try {
    layer.plan(std::vector{x, target}, Purpose::training);
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(NumberLossLayer, RefusesTargetsOfAnotherShape) {
  const NumberLoss mse("mse"), binary("binary_cross_entropy", LossRule::binary_cross_entropy);
  EXPECT_EQ(error_of(mse, {DType::f32, {4, 2}}, {DType::f32, {4, 1}}),
            "loss mse compares predictions (4, 2) f32 with targets (4, 1) f32; it wants as many numbers of each sample "
            "in both");
  EXPECT_NE(error_of(mse, {DType::f32, {4, 2}}, {DType::f32, {2, 4}}), "accepted");
  EXPECT_NE(error_of(mse, {DType::f32, {4, 1}}, {DType::i32, {4, 1}}), "accepted");
  EXPECT_EQ(error_of(mse, {DType::bf16, {4, 1}}, {DType::f32, {4, 1}}), "accepted");
  EXPECT_EQ(error_of(binary, {DType::f32, {4, 2}}, {DType::i32, {4}}),
            "loss binary_cross_entropy compares predictions (4, 2) f32 with targets (4) i32; it wants one number of "
            "each sample, the logit of class 1: linear: {units: 1}");
  EXPECT_EQ(error_of(binary, {DType::f32, {4, 1}}, {DType::i32, {4}}), "accepted");
}

Values softmax_losses(const Values& x, const Values& targets, size_t K, double smoothing) {
  Values losses;
  for (size_t row = 0; row < targets.size(); ++row) {
    double total = 0, all = 0;
    for (size_t k = 0; k < K; ++k) total += std::exp(x[row * K + k]);
    for (size_t k = 0; k < K; ++k) all += std::log(total) - x[row * K + k];
    const auto target = static_cast<size_t>(std::max(targets[row], 0.0));
    const double loss =
        (1 - smoothing) * (std::log(total) - x[row * K + target]) + smoothing / static_cast<double>(K) * all;
    losses.push_back(targets[row] < 0 ? 0 : loss);
  }
  return losses;
}

TEST(SoftmaxCrossEntropyLayer, SmoothsLabels) {
  const Values targets{3, 0, 4, -1, 2, 2}, weights{1, 1, 1, 0, 1, 1};
  for (const int64_t K : {5, 37, 1500})
    check_layer({.layer = SoftmaxCrossEntropy({"cross_entropy", 0.2f}),
                 .inputs = std::vector<TensorSpec>{{DType::f32, {6, K}}, {DType::i32, {6}}},
                 .reference =
                     [&](const std::vector<Values>& x, const std::vector<Values>&, bool) {
                       const auto smoothing = static_cast<double>(0.2f);
                       return std::vector{softmax_losses(x[0], targets, static_cast<size_t>(K), smoothing), weights};
                     },
                 .integers = [&](int) { return targets; }});
}

// Rows of the ignored class weigh nothing, whatever its weight; a smoothed label is weighed class by class.
TEST(SoftmaxCrossEntropyLayer, WeighsAndIgnoresClasses) {
  const Values targets{3, 0, 4, -1, 2, 2};
  constexpr int32_t kIgnored = 2;
  for (const size_t K : {5, 37, 1500})
    for (const double smoothing : {0.0, 0.25}) {
      const SoftmaxCrossEntropy layer(
          {"cross_entropy", static_cast<float>(smoothing), std::vector<float>(K), kIgnored});
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::f32, {6, static_cast<int64_t>(K)}}, {DType::i32, {6}}},
                   .reference =
                       [&](const std::vector<Values>& x, const std::vector<Values>& given, bool) {
                         Values losses, weights;
                         for (size_t row = 0; row < targets.size(); ++row) {
                           const bool counts = targets[row] >= 0 && targets[row] != kIgnored;
                           const auto target = static_cast<size_t>(std::max(targets[row], 0.0));
                           double total = 0, all = 0;
                           for (size_t k = 0; k < K; ++k) total += std::exp(x[0][row * K + k]);
                           for (size_t k = 0; k < K; ++k) all += given[0][k] * (std::log(total) - x[0][row * K + k]);
                           const double own = given[0][target] * (std::log(total) - x[0][row * K + target]);
                           losses.push_back(counts ? (1 - smoothing) * own + smoothing / static_cast<double>(K) * all
                                                   : 0);
                           weights.push_back(counts ? given[0][target] : 0);
                         }
                         return std::vector{losses, weights};
                       },
                   .integers = [&](int) { return targets; }});
    }
}

TEST(SoftmaxCrossEntropyLayer, RefusesAnotherNumberOfWeights) {
  EXPECT_EQ(error_of(SoftmaxCrossEntropy({"cross_entropy", 0, {1, 2}}), {DType::f32, {4, 3}}, {DType::i32, {4}}),
            "loss cross_entropy has weights of 2 classes, and predictions (4, 3) f32 are logits of 3; give one weight "
            "for each class, or as many units");
}

TEST(SoftmaxCrossEntropyLayer, MatchesItsReference) {
  constexpr int64_t kRows = 6, kClasses = 5;
  const Values targets{3, 0, 4, -1, 2, 2};  // one is ignored
  const SoftmaxCrossEntropy layer({"cross_entropy"});
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
  EXPECT_THROW(SoftmaxCrossEntropy({"loss"}).plan(inputs, Purpose::training), ConfigError);
}

TEST(ConvertLayer, RoundsToTheOtherType) {
  check_layer({.layer = Convert(DType::f32),
               .inputs = std::vector<TensorSpec>{{DType::f32, {3, 5}}},
               .reference = [](const std::vector<Values>& x, const std::vector<Values>&, bool) { return x; }});
}

}  // namespace
}  // namespace convoy::test
