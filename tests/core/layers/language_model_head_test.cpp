#include "core/layers/language_model_head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

// 17 and 131: on CUDA rows of logits are longer than the vocabulary.
class LanguageModelHeadTest : public testing::TestWithParam<int64_t> {};

TEST_P(LanguageModelHeadTest, MatchesItsReference) {
  constexpr int64_t B = 2, T = 3, C = 5;
  const int64_t V = GetParam();
  const Values targets{3, 0, 16, -1, 7, 7};  // one is ignored
  const LanguageModelHead layer({.weight = "head", .V = V, .C = C});
  const auto reference = [V](const std::vector<Values>& x, const std::vector<Values>& w, bool) {
    Values losses, counted;
    for (int64_t row = 0; row < B * T; ++row) {
      const int64_t target = static_cast<int64_t>(x[1][static_cast<size_t>(row)]);
      double total = 0, of_target = 0;
      for (int64_t v = 0; v < V; ++v) {
        double logit = 0;
        for (int64_t c = 0; c < C; ++c)
          logit += x[0][static_cast<size_t>(row * C + c)] * w[0][static_cast<size_t>(v * C + c)];
        total += std::exp(logit);
        if (v == target) of_target = logit;
      }
      counted.push_back(target < 0 ? 0 : 1);
      losses.push_back(target < 0 ? 0 : std::log(total) - of_target);
    }
    return std::vector{losses, counted};
  };
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::f32, {B, T, C}}, {DType::i32, {B, T}}},
               .reference = reference,
               .integers = [&](int) { return targets; }});
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, LanguageModelHeadTest, testing::Values(17, 128, 131));

}  // namespace
}  // namespace convoy::test
