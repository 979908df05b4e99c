#include "core/layers/normalize.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/ops/batch_norm.h"
#include "tests/kernels/support/ops_test.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

Normalize normalize_of(DType to) { return Normalize({"input", to, {}, Initialisation::ones()}); }

std::vector<Values> by_constants(const std::vector<Values>& inputs, const std::vector<Values>& weights, bool) {
  Values y = inputs[0];
  const size_t C = weights[0].size();
  for (size_t i = 0; i < y.size(); ++i) y[i] = (y[i] - weights[0][i % C]) / weights[1][i % C];
  return {y};
}

TEST(NormalizeLayer, MatchesItsReference) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const Shape& shape : {Shape{6, 5}, Shape{2, 3, 4, 3}}) {
      const Normalize layer = normalize_of(dtype);
      check_layer({.layer = layer, .inputs = {{DType::f32, shape}}, .reference = by_constants, .dtypes = {dtype}});
    }
}

TEST(NormalizeLayer, ReadsBytes) {
  const auto bytes = [](int) {
    Values values;
    for (int i = 0; i < 2 * 5 * 5 * 3; ++i) values.push_back(i * 37 % 256);
    return values;
  };
  const Normalize layer = normalize_of(DType::f32);
  check_layer({.layer = layer,
               .inputs = {{DType::u8, {2, 5, 5, 3}}},
               .reference = by_constants,
               .integers = bytes,
               .dtypes = {DType::f32}});
}

// A table holds years and numbers of rooms in f32: what a model computes in comes behind the normalisation.
class NormalizeTest : public OpsTest {};

TEST_F(NormalizeTest, IsAsAccurateAsItsInput) {
  const Array x({2, 2}, DType::f32, {2001, 1.5, 2003, 2.5}), mean({2}, DType::f32, {2002, 2});
  const Array deviation({2}, DType::f32, {2, 0.5}), y = Array::zeros({2, 2}, DType::bf16);
  run_with_scratch(ColumnNormalise{.y = y, .x = x, .mean = mean, .spread = deviation, .kind = Spread::deviation});
  EXPECT_EQ(y.values(), (Values{-0.5, -1, 0.5, 1}));
}

TEST_F(NormalizeTest, ColumnsThatNeverChangeGiveZero) {
  const Array x({2, 2}, DType::f32, {7, 1, 8, 3}), mean({2}, DType::f32, {7, 2});
  const Array deviation({2}, DType::f32, {0, 1}), y = Array::filled({2, 2}, DType::f32, 9);
  run_with_scratch(ColumnNormalise{.y = y, .x = x, .mean = mean, .spread = deviation, .kind = Spread::deviation});
  EXPECT_EQ(y.values(), (Values{0, -1, 0, 1}));
}

TEST(NormalizeLayer, ConstantsStayAsTheyAre) {
  const std::vector<TensorSpec> inputs{{DType::f32, {4, 3}}};
  const Normalize layer({"input", DType::bf16, Initialisation::given({1, 2, 3}), Initialisation::ones()});
  const LayerPlan plan = layer.plan(inputs, Purpose::training);
  ASSERT_EQ(plan.parameters.size(), 2u);
  EXPECT_EQ(plan.parameters[0].name, "input.mean");
  EXPECT_EQ(plan.parameters[0].role, ParameterRole::constant);
  EXPECT_EQ(plan.parameters[1].dtype(DType::bf16), DType::f32);
  EXPECT_EQ(plan.outputs[0].dtype, DType::bf16);
  EXPECT_THROW(layer.plan(std::vector<TensorSpec>{{DType::i32, {4, 3}}}, Purpose::training), ConfigError);
}

}  // namespace
}  // namespace convoy::test
