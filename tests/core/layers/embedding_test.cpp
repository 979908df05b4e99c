#include "core/layers/embedding.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

// Some tokens stand several times, some never.
Values some_tokens(int64_t count) {
  Values values;
  for (int64_t i = 0; i < count; ++i) values.push_back(static_cast<double>(i * i % 5 + (i % 3 == 0 ? 4 : 0)));
  return values;
}

TEST(EmbeddingLayer, MatchesItsReference) {
  constexpr int64_t B = 3, T = 4, V = 9, C = 13, kContext = 6;
  for (const float p : {0.0f, 0.25f})
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Embedding layer({"tokens", "positions", V, C, kContext, dtype, 0.02f, p, 2});
      const auto reference = [=](const std::vector<Values>& x, const std::vector<Values>& w, bool training) {
        Values y;
        for (int64_t row = 0; row < B * T; ++row)
          for (int64_t c = 0; c < C; ++c) {
            const auto token = static_cast<int64_t>(x[0][static_cast<size_t>(row)]);
            const double sum = w[0][static_cast<size_t>(token * C + c)] + w[1][static_cast<size_t>(row % T * C + c)];
            y.push_back(sum * (training && p > 0 ? layer_dropout_factor(p, 2, T, row, c) : 1.0));
          }
        return std::vector<Values>{y};
      };
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::i32, {B, T}}},
                   .reference = reference,
                   .integers = [](int) { return some_tokens(B * T); },
                   .dtypes = {dtype}});
    }
}

TEST(EmbeddingLayer, CountsPositionsFromWhereDocumentsBegin) {
  constexpr int64_t B = 2, T = 5, V = 9, C = 6, kContext = 6;
  const Values starts = {0, 0, 2, 2, 4, 0, 1, 1, 1, 1};
  const Embedding layer({"tokens", "positions", V, C, kContext, DType::f32, 0.02f, 0, 0});
  const auto reference = [=](const std::vector<Values>& x, const std::vector<Values>& w, bool) {
    Values y;
    for (int64_t row = 0; row < B * T; ++row)
      for (int64_t c = 0; c < C; ++c) {
        const auto token = static_cast<int64_t>(x[0][static_cast<size_t>(row)]);
        const int64_t place = row % T - static_cast<int64_t>(x[1][static_cast<size_t>(row)]);
        y.push_back(w[0][static_cast<size_t>(token * C + c)] + w[1][static_cast<size_t>(place * C + c)]);
      }
    return std::vector<Values>{y};
  };
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::i32, {B, T}}, {DType::i32, {B, T}}},
               .reference = reference,
               .integers = [&](int input) { return input == 0 ? some_tokens(B * T) : starts; },
               .dtypes = {DType::f32}});
}

// A sample of several sequences, such as two answers to one question.
TEST(EmbeddingLayer, TakesSamplesOfSeveralSequences) {
  const Embedding layer({"tokens", "positions", 9, 13, 6, DType::f32, 0.02f, 0, 0});
  const LayerPlan plan = layer.plan(std::vector<TensorSpec>{{DType::i32, {3, 2, 5}}}, Purpose::training);
  EXPECT_EQ(plan.outputs[0].shape, (Shape{6, 5, 13}));
}

TEST(EmbeddingLayer, RefusesSequencesBeyondTheContext) {
  const Embedding layer({"tokens", "positions", 9, 13, 6, DType::f32, 0.02f, 0, 0});
  EXPECT_THROW(layer.plan(std::vector<TensorSpec>{{DType::i32, {1, 7}}}, Purpose::training), ConfigError);
}

}  // namespace
}  // namespace convoy::test
