#include "core/layers/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

constexpr double kEps = 1e-3;
constexpr float kMomentum = 0.25f;

BatchNorm batch_norm_of(bool scale = true, bool bias = true) {
  return BatchNorm({"norm", scale, bias, kMomentum, static_cast<float>(kEps)});
}

struct MomentsF64 {
  Values mean, variance;
};

MomentsF64 moments_of(const Values& x, size_t C) {
  MomentsF64 m{Values(C, 0.0), Values(C, 0.0)};
  const double rows = static_cast<double>(x.size() / C);
  for (size_t i = 0; i < x.size(); ++i) m.mean[i % C] += x[i] / rows;
  for (size_t i = 0; i < x.size(); ++i) m.variance[i % C] += std::pow(x[i] - m.mean[i % C], 2) / rows;
  return m;
}

// weights: as the layer has them.
LayerCase batch_case_of(const BatchNorm& layer, const Shape& shape, bool scale, bool bias) {
  const auto C = static_cast<size_t>(shape[-1]);
  const size_t first = (scale ? 1u : 0u) + (bias ? 1u : 0u);
  const auto reference = [=](const std::vector<Values>& inputs, const std::vector<Values>& weights, bool training) {
    const MomentsF64 m = training ? moments_of(inputs[0], C) : MomentsF64{weights[first], weights[first + 1]};
    Values y = inputs[0];
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = (y[i] - m.mean[i % C]) / std::sqrt(m.variance[i % C] + kEps) * (scale ? weights[0][i % C] : 1) +
             (bias ? weights[first - 1][i % C] : 0);
    return std::vector<Values>{y};
  };
  const auto change = [=](const std::vector<Values>& inputs, const std::vector<Values>& weights, size_t w) {
    const MomentsF64 m = moments_of(inputs[0], C);
    const double rows = static_cast<double>(inputs[0].size() / C);
    Values values(C);
    for (size_t c = 0; c < C; ++c)
      values[c] = kMomentum * ((w == first ? m.mean[c] : m.variance[c] * rows / (rows - 1)) - weights[w][c]);
    return values;
  };
  return {.layer = layer, .inputs = {{DType::f32, shape}}, .reference = reference, .change = change};
}

TEST(BatchNormLayer, MatchesItsReference) {
  for (const Shape& shape : {Shape{6, 5}, Shape{3, 4, 7}, Shape{2, 3, 5, 17}})
    for (const bool scale : {true, false})
      for (const bool bias : {true, false}) {
        SCOPED_TRACE(testing::Message() << to_string(shape) << (scale ? ", scale" : "") << (bias ? ", bias" : ""));
        const BatchNorm layer = batch_norm_of(scale, bias);
        check_layer(batch_case_of(layer, shape, scale, bias));
      }
}

TEST(BatchNormLayer, StatisticsAreF32AndNamedAsPyTorchDoes) {
  const std::vector<TensorSpec> inputs{{DType::bf16, {4, 3}}};
  const LayerPlan plan = batch_norm_of().plan(inputs, Purpose::training);
  std::vector<std::string> names;
  for (const ParameterSpec& p : plan.parameters) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"}));
  EXPECT_EQ(plan.parameters[0].dtype(DType::bf16), DType::bf16);
  EXPECT_EQ(plan.parameters[2].role, ParameterRole::statistic);
  EXPECT_EQ(plan.parameters[3].dtype(DType::bf16), DType::f32);
  EXPECT_EQ(plan.parameters[3].initialisation.kind, Initialisation::Kind::ones);
  EXPECT_EQ(plan.shared(Share::Kind::gradient_over, 0), 0);
}

TEST(BatchNormLayer, RefusesWhatItCannotNormalise) {
  const auto refusal = [](const TensorSpec& input) {
    try {
      batch_norm_of().plan(std::vector<TensorSpec>{input}, Purpose::training);
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refusal({DType::i32, {4, 3}}).find("layer norm: batch norm is of real numbers"), std::string::npos);
  EXPECT_NE(refusal({DType::f32, {4}}), "");
  EXPECT_EQ(refusal({DType::f32, {1, 3}}), "") << "evaluations may come row by row";
}

}  // namespace
}  // namespace convoy::test
