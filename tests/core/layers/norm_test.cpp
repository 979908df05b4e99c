#include "core/layers/norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

constexpr int64_t kB = 2, kT = 3, kC = 10;

Norm layer_of(bool has_branch, float dropout = 0) {
  NormOptions options;
  options.name = "norm";
  options.kind = NormKind::rms;
  options.C = kC;
  options.has_branch = has_branch;
  options.dropout = dropout;
  return Norm(options);
}

TensorSpec spec(int64_t channels) { return {DType::f32, {kB, kT, channels}}; }

TEST(RmsNormLayer, HasOneWeightAndKeepsOneStatistic) {
  const std::vector<TensorSpec> inputs{spec(kC), spec(kC)};
  const LayerPlan plan = layer_of(true).plan(inputs, Purpose::training);
  ASSERT_EQ(plan.parameters.size(), 1u);
  EXPECT_EQ(plan.parameters[0].name, "norm.weight");
  EXPECT_EQ(plan.parameters[0].initialisation.kind, Initialisation::Kind::ones);
  EXPECT_FALSE(plan.parameters[0].decays);
  ASSERT_EQ(plan.saved.size(), 1u);
  EXPECT_EQ(plan.saved[0].shape, (Shape{kB * kT}));
  EXPECT_EQ(plan.outputs.size(), 2u);
  EXPECT_TRUE(layer_of(true).plan(inputs, Purpose::evaluation).saved.empty());
}

TEST(RmsNormLayer, RefusesOtherChannels) {
  EXPECT_THROW(layer_of(false).plan(std::vector<TensorSpec>{spec(kC + 1)}, Purpose::training), ConfigError);
}

TEST(RmsNormLayer, MemoryIsSharedAsTheGraphMayShareIt) {
  const std::vector<TensorSpec> one{spec(kC)}, two{spec(kC), spec(kC)};
  const auto shared = [](const Norm& layer, const std::vector<TensorSpec>& inputs, Share::Kind kind, int which) {
    return layer.plan(inputs, Purpose::training).shared(kind, which);
  };
  EXPECT_EQ(shared(layer_of(false), one, Share::Kind::output_is_input, 0), 0);
  EXPECT_EQ(shared(layer_of(true), two, Share::Kind::output_is_input, 0), std::nullopt);
  EXPECT_EQ(shared(layer_of(true), two, Share::Kind::gradient_is, 1), 0);
  EXPECT_EQ(shared(layer_of(true, 0.1f), two, Share::Kind::gradient_is, 1), std::nullopt);
}

Values normalised(NormKind kind, const Values& residual, const std::vector<Values>& weights) {
  Values y = residual;
  for (size_t row = 0; row < y.size(); row += kC) {
    double mean = 0, squares = 0;
    for (size_t c = 0; c < kC && kind == NormKind::layer; ++c) mean += residual[row + c] / kC;
    for (size_t c = 0; c < kC; ++c) squares += (residual[row + c] - mean) * (residual[row + c] - mean);
    for (size_t c = 0; c < kC; ++c)
      y[row + c] = weights[0][c] * (residual[row + c] - mean) / std::sqrt(squares / kC + 1e-5) +
                   (kind == NormKind::layer ? weights[1][c] : 0);
  }
  return y;
}

TEST(NormLayer, MatchesItsReference) {
  for (const NormKind kind : {NormKind::layer, NormKind::rms})
    for (const bool has_branch : {false, true})
      for (const float p : {0.0f, 0.25f}) {
        if (!has_branch && p > 0) continue;
        const Norm layer({"norm", kind, kC, has_branch, p, 3});
        std::vector<TensorSpec> inputs(has_branch ? 2 : 1, spec(kC));
        const auto reference = [=](const std::vector<Values>& x, const std::vector<Values>& w, bool training) {
          const auto factor = [&](int64_t row, int64_t element) {
            return training && p > 0 ? layer_dropout_factor(p, 3, kT, row, element) : 1.0;
          };
          const Values residual = has_branch ? add_branch_f64(x[0], x[1], kC, factor) : x[0];
          return std::vector<Values>{residual, normalised(kind, residual, w)};
        };
        check_layer({layer, inputs, reference});
      }
}

}  // namespace
}  // namespace convoy::test
