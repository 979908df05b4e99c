#include "core/layers/rms_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/kernels/support/array.h"

namespace convoy::test {
namespace {

constexpr int64_t B = 2, T = 3, C = 10;

RmsNorm layer_of(bool has_branch, float dropout = 0) {
  RmsNormOptions options;
  options.name = "norm";
  options.C = C;
  options.has_branch = has_branch;
  options.dropout = dropout;
  return RmsNorm(options);
}

TensorSpec spec(int64_t channels) { return {DType::f32, {B, T, channels}}; }

TEST(RmsNormLayer, HasOneWeightAndKeepsOneStatistic) {
  const RmsNorm layer = layer_of(true);
  const auto parameters = layer.parameters();
  ASSERT_EQ(parameters.size(), 1u);
  EXPECT_EQ(parameters[0].name, "norm.weight");
  EXPECT_EQ(parameters[0].initialisation.kind, Initialisation::Kind::ones);
  EXPECT_FALSE(parameters[0].decays);
  const std::vector<TensorSpec> inputs{spec(C), spec(C)};
  ASSERT_EQ(layer.saved(inputs).size(), 1u);
  EXPECT_EQ(layer.saved(inputs)[0].shape, (Shape{B * T}));
  EXPECT_EQ(layer.infer(inputs).size(), 2u);
}

TEST(RmsNormLayer, RefusesOtherChannels) {
  EXPECT_THROW(layer_of(false).infer(std::vector<TensorSpec>{spec(C + 1)}), ConfigError);
}

TEST(RmsNormLayer, MemoryIsSharedAsTheGraphMayShareIt) {
  EXPECT_EQ(layer_of(false).output_is_input(0), 0);
  EXPECT_EQ(layer_of(true).output_is_input(0), Layer::kNone);
  EXPECT_EQ(layer_of(true).input_gradient_is_that_of(1), 0);
  EXPECT_EQ(layer_of(true, 0.1f).input_gradient_is_that_of(1), Layer::kNone);
}

Values normalised(const Values& residual, const Values& weight) {
  Values y = residual;
  for (size_t row = 0; row < y.size(); row += C) {
    double squares = 0;
    for (size_t c = 0; c < C; ++c) squares += residual[row + c] * residual[row + c];
    for (size_t c = 0; c < C; ++c) y[row + c] *= weight[c] / std::sqrt(squares / C + 1e-5);
  }
  return y;
}

Values sum_of(Values a, const Values& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

struct LayerCase {
  Shape shape{B, T, C};
  Array x = random_array(shape, DType::f32, 1), branch = random_array(shape, DType::f32, 2);
  Array weight = random_array({C}, DType::f32, 3), rstd = Array::zeros({B * T}, DType::f32);
  Array residual = Array::zeros(shape, DType::f32), y = residual, dx = residual;
  Array dy = random_array(shape, DType::f32, 4), dresidual = random_array(shape, DType::f32, 5);
  Array dweight = Array::zeros({C}, DType::f32), memory = Array::zeros({1 << 20}, DType::u8);

  void run() {
    Pass pass{test_device().ops(), test_stream()};
    pass.training = true;
    pass.scratch = Scratch(memory);
    LayerTensors t;
    t.inputs = {x, branch};
    t.outputs = {residual, y};
    t.saved = {rstd};
    t.weights = {weight};
    t.weight_gradients = {dweight};
    t.output_gradients = {dresidual, dy};
    t.input_gradients = {dx, dx};
    layer_of(true).forward(pass, t);
    layer_of(true).backward(pass, t);
  }
};

TEST(RmsNormLayer, GradientsAreThoseOfItsForward) {
  LayerCase c;
  c.run();
  const Values x = c.x.values(), branch = c.branch.values(), weight = c.weight.values();
  const Values residual = sum_of(x, branch);
  expect_near(c.residual.values(), residual, 1e-6, "residual");
  expect_near(c.y.values(), normalised(residual, weight), 1e-5, "y");
  const auto loss = [&](const Values& x_values, const Values& w) {
    const Values r = sum_of(x_values, branch);
    return dot(c.dy.values(), normalised(r, w)) + dot(c.dresidual.values(), r);
  };
  const auto all = spread_positions(B * T * C, B * T * C), channels = spread_positions(C, C);
  expect_near_at(c.dx.values(), all, numeric_gradient([&](const Values& v) { return loss(v, weight); }, x, all), 1e-4,
                 "dx");
  expect_near_at(c.dweight.values(), channels,
                 numeric_gradient([&](const Values& v) { return loss(x, v); }, weight, channels), 1e-4, "dweight");
}

}  // namespace
}  // namespace convoy::test
