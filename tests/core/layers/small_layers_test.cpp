// Layers that move numbers or compute a little.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/layers/category_embedding.h"
#include "core/layers/dropout.h"
#include "core/layers/image.h"
#include "core/layers/join.h"
#include "core/layers/reshape.h"
#include "core/layers/softmax.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

using Specs = std::vector<TensorSpec>;
using Many = std::vector<Values>;

template <class Make>
std::string error_of(const Make& make) {
  try {
    make();
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(DropoutLayer, MatchesItsReference) {
  for (const float p : {0.0f, 0.3f})
    for (const Shape& shape : {Shape{5, 7}, Shape{3, 2, 2, 13}}) {
      const int64_t C = shape[-1], rows = shape.elements() / C / shape[0];
      check_layer({.layer = DropoutLayer(p, 6),
                   .inputs = Specs{{DType::f32, shape}},
                   .reference = [=](const Many& x, const Many&, bool training) {
                     Values y = x[0];
                     for (int64_t i = 0; i < static_cast<int64_t>(y.size()) && training && p > 0; ++i)
                       y[static_cast<size_t>(i)] *= layer_dropout_factor(p, 6, rows, i / C, i % C);
                     return Many{y};
                   }});
    }
}

TEST(DropoutLayer, CostsNothingInEvaluations) {
  const LayerPlan plan = DropoutLayer(0.5f, 0).plan(Specs{{DType::f32, {4, 4}}}, Purpose::evaluation);
  EXPECT_EQ(plan.shared(Share::Kind::output_is_input, 0), 0);
}

TEST(ReshapeLayer, KeepsElementsAndSharesTheirMemory) {
  const Reshape layer("square", {2, -1, 3});
  check_layer({.layer = layer,
               .inputs = Specs{{DType::f32, {4, 24}}},
               .reference = [](const Many& x, const Many&, bool) { return x; }});
  EXPECT_EQ(layer.plan(Specs{{DType::u8, {4, 24}}}, Purpose::training).outputs[0].shape, (Shape{4, 2, 4, 3}));
  EXPECT_EQ(Reshape("flat", {-1}).plan(Specs{{DType::f32, {4, 2, 3}}}, Purpose::training).outputs[0].shape,
            (Shape{4, 6}));
}

TEST(ReshapeLayer, TellsWhatDoesNotFit) {
  const auto shape_of = [](std::vector<int64_t> shape) {
    return [shape] { Reshape("square", shape).plan(Specs{{DType::f32, {4, 25}}}, Purpose::training); };
  };
  EXPECT_EQ(error_of(shape_of({8, 8, 1})),
            "layer square: its input is (25) a sample, 25 elements, which do not fit the shape (8, 8, 1); that has 64; "
            "one extent may be -1");
  EXPECT_EQ(error_of(shape_of({-1, 8})),
            "layer square: its input is (25) a sample, 25 elements, which do not fit the shape (-1, 8); 25 is no "
            "multiple of 8");
}

// One behind the other along a dimension, the batch's extents before it multiplied into `rows`.
Values joined(const Many& x, const std::vector<size_t>& widths, size_t rows) {
  Values y;
  for (size_t row = 0; row < rows; ++row)
    for (size_t i = 0; i < x.size(); ++i)
      for (size_t c = 0; c < widths[i]; ++c) y.push_back(x[i][row * widths[i] + c]);
  return y;
}

TEST(ConcatLayer, MatchesItsReferenceAlongEveryAxis) {
  const auto check = [](int64_t axis, const Specs& inputs, const std::vector<size_t>& widths, size_t rows) {
    check_layer({.layer = Concat("join", axis, inputs),
                 .inputs = inputs,
                 .reference = [=](const Many& x, const Many&, bool) { return Many{joined(x, widths, rows)}; }});
  };
  check(-1, {{DType::f32, {5, 3}}, {DType::f32, {5, 4}}, {DType::f32, {5, 1}}}, {3, 4, 1}, 5);
  check(-1, {{DType::f32, {2, 3, 8}}, {DType::f32, {2, 3, 16}}}, {8, 16}, 6);
  check(0, {{DType::f32, {2, 3, 8}}, {DType::f32, {2, 1, 8}}}, {24, 8}, 2);
  check(-2, {{DType::f32, {2, 2, 1, 3}}, {DType::f32, {2, 2, 5, 3}}}, {3, 15}, 4);
}

TEST(ConcatLayer, TellsShapesThatDoNotFit) {
  EXPECT_EQ(error_of([] {
              Concat("join", -1, Specs{{DType::f32, {4, 8, 8, 3}}, {DType::f32, {4, 4, 4, 3}}});
            }),
            "layer join puts samples of shapes (8, 8, 3), (4, 4, 3) one behind the other along axis 2; all other "
            "extents must be equal: put pooling, reshape or flatten before it, or choose another axis");
  EXPECT_EQ(error_of([] {
              Concat("join", 2, Specs{{DType::f32, {4, 8}}, {DType::f32, {4, 8}}});
            }),
            "layer join: a sample of its first input is (8), which has no axis 2; it has 0 to 0");
}

Values combined(const Many& x, bool product) {
  Values y = x[0];
  for (size_t i = 1; i < x.size(); ++i)
    for (size_t e = 0; e < y.size(); ++e) y[e] = product ? y[e] * x[i][e] : y[e] + x[i][e];
  return y;
}

TEST(JoiningLayers, AddAndMultiply) {
  for (const size_t count : {2u, 3u, 5u}) {
    const Specs inputs(count, {DType::f32, {3, 2, 7}});
    check_layer({.layer = AddInputs("sum"), .inputs = inputs, .reference = [](const Many& x, const Many&, bool) {
                   return Many{combined(x, false)};
                 }});
    check_layer({.layer = MultiplyInputs("product"),
                 .inputs = inputs,
                 .reference = [](const Many& x, const Many&, bool) { return Many{combined(x, true)}; }});
  }
}

TEST(MultiplyLayer, TakesAGateOfChannelsOnEitherSide) {
  constexpr int64_t B = 3, P = 6, C = 21;
  const auto reference = [](const Values& x, const Values& gate) {
    Values y = x;
    for (size_t i = 0; i < y.size(); ++i) y[i] *= gate[i / (P * C) * C + i % C];
    return Many{y};
  };
  check_layer({.layer = MultiplyInputs("gate"),
               .inputs = Specs{{DType::f32, {B, 2, 3, C}}, {DType::f32, {B, 1, 1, C}}},
               .reference = [=](const Many& x, const Many&, bool) { return reference(x[0], x[1]); }});
  check_layer({.layer = MultiplyInputs("gate"),
               .inputs = Specs{{DType::f32, {B, C}}, {DType::f32, {B, P, C}}},
               .reference = [=](const Many& x, const Many&, bool) { return reference(x[1], x[0]); }});
}

TEST(JoiningLayers, TellShapesThatDoNotFit) {
  const Specs inputs{{DType::f32, {4, 8, 8, 3}}, {DType::f32, {4, 8, 8, 5}}};
  EXPECT_EQ(error_of([&] { AddInputs("sum").plan(inputs, Purpose::training); }),
            "layer sum adds samples of shapes (8, 8, 3), (8, 8, 5); they must be of one shape: give the layers before "
            "it as many units or channels and the same stride");
  EXPECT_EQ(error_of([&] { MultiplyInputs("gate").plan(inputs, Purpose::training); }),
            "layer gate multiplies samples of shapes (8, 8, 3), (8, 8, 5); they must be of one shape, or two: one "
            "(..., C) and one number for each of its C channels");
  const Specs many(17, {DType::f32, {2, 2}});
  EXPECT_EQ(error_of([&] { AddInputs("sum").plan(many, Purpose::training); }),
            "layer sum has 17 inputs; it takes at most 16, so put several behind each other");
}

TEST(SoftmaxLayer, MatchesItsReference) {
  for (const Shape& shape : {Shape{5, 3}, Shape{2, 3, 37}, Shape{2, 1500}, Shape{4, 1}})
    check_layer({.layer = Softmax(),
                 .inputs = Specs{{DType::f32, shape}},
                 .reference = [C = static_cast<size_t>(shape[-1])](const Many& x, const Many&, bool) {
                   Values y;
                   for (size_t row = 0; row < x[0].size() / C; ++row) {
                     double sum = 0;
                     for (size_t c = 0; c < C; ++c) sum += std::exp(x[0][row * C + c]);
                     for (size_t c = 0; c < C; ++c) y.push_back(std::exp(x[0][row * C + c]) / sum);
                   }
                   return Many{y};
                 }});
}

TEST(CategoryEmbeddingLayer, MatchesItsReference) {
  constexpr int64_t V = 7;
  const Values ids{3, 0, 6, 3, 3, 1};
  for (const int64_t C : {1, 4, 19})
    for (const Shape& shape : {Shape{6}, Shape{3, 2}})
      for (const DType dtype : {DType::f32, DType::bf16})
        check_layer({.layer = CategoryEmbedding({.name = "table", .V = V, .C = C, .dtype = dtype}),
                     .inputs = Specs{{DType::i32, shape}},
                     .reference =
                         [=](const Many& x, const Many& w, bool) {
                           Values y;
                           for (const double id : x[0])
                             for (int64_t c = 0; c < C; ++c)
                               y.push_back(w[0][static_cast<size_t>(static_cast<int64_t>(id) * C + c)]);
                           return Many{y};
                         },
                     .integers = [&](int) { return ids; },
                     .dtypes = {dtype}});
}

TEST(CategoryEmbeddingLayer, RefusesRealNumbers) {
  const CategoryEmbedding layer({.name = "table", .V = 3, .C = 2});
  EXPECT_NE(error_of([&] {
              layer.plan(Specs{{DType::f32, {2, 3}}}, Purpose::training);
            }).find("layer table: its input is f32 (2, 3), wanted categories"),
            std::string::npos);
}

TEST(ImageLayer, ScalesAndShiftsBytes) {
  Values bytes;
  for (int i = 0; i < 3 * 5 * 7; ++i) bytes.push_back(i * 37 % 256);
  for (const DType dtype : {DType::f32, DType::bf16})
    check_layer({.layer = Image({.name = "image", .to = dtype, .scale = 2.0f / 255, .shift = -1}),
                 .inputs = Specs{{DType::u8, {3, 5, 7, 1}}},
                 .reference =
                     [](const Many& x, const Many&, bool) {
                       Values y;
                       for (const double byte : x[0]) y.push_back(byte * 2 / 255 - 1);
                       return Many{y};
                     },
                 .integers = [&](int) { return bytes; },
                 .dtypes = {dtype}});
}

}  // namespace
}  // namespace convoy::test
