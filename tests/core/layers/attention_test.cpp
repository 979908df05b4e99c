#include "core/layers/attention.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

struct Sizes {
  int64_t B, T, H, D;
};

// Causal attention of packed q, k, v; dropout of probabilities, whose rows are (sample, head, query).
Values attention_f64(const Values& qkv, const Sizes& s, const std::function<double(int64_t, int64_t)>& factor) {
  const int64_t C = s.H * s.D;
  const auto at = [&](int64_t b, int64_t t, int64_t part, int64_t h, int64_t d) {
    return qkv[static_cast<size_t>(((b * s.T + t) * 3 + part) * C + h * s.D + d)];
  };
  Values y(static_cast<size_t>(s.B * s.T * C));
  for (int64_t b = 0; b < s.B; ++b)
    for (int64_t h = 0; h < s.H; ++h)
      for (int64_t q = 0; q < s.T; ++q) {
        Values p;
        double total = 0;
        for (int64_t k = 0; k <= q; ++k) {
          double score = 0;
          for (int64_t d = 0; d < s.D; ++d) score += at(b, q, 0, h, d) * at(b, k, 1, h, d);
          p.push_back(std::exp(score / std::sqrt(static_cast<double>(s.D))));
          total += p.back();
        }
        for (int64_t k = 0; k <= q; ++k)
          for (int64_t d = 0; d < s.D; ++d)
            y[static_cast<size_t>((b * s.T + q) * C + h * s.D + d)] +=
                p[static_cast<size_t>(k)] / total * factor((b * s.H + h) * s.T + q, k) * at(b, k, 2, h, d);
      }
  return y;
}

TEST(SelfAttentionLayer, MatchesItsReference) {
  for (const Sizes& s : {Sizes{2, 5, 3, 4}, Sizes{1, 9, 1, 10}})
    for (const float p : {0.0f, 0.25f}) {
      const SelfAttention layer({.name = "attention", .C = s.H * s.D, .H = s.H, .dropout = p, .dropout_number = 5});
      const auto reference = [=](const std::vector<Values>& x, const std::vector<Values>&, bool training) {
        return std::vector<Values>{attention_f64(x[0], s, [&](int64_t row, int64_t key) {
          return training && p > 0 ? layer_dropout_factor(p, 5, s.H * s.T, row, key) : 1.0;
        })};
      };
      check_layer({layer, std::vector<TensorSpec>{{DType::f32, {s.B, s.T, 3 * s.H * s.D}}}, reference});
    }
}

TEST(SelfAttentionLayer, RefusesHeadsThatDoNotDivideChannels) {
  const SelfAttention layer({.name = "attention", .C = 10, .H = 3});
  EXPECT_THROW(layer.plan(std::vector<TensorSpec>{{DType::f32, {1, 2, 30}}}, Purpose::training), ConfigError);
}

}  // namespace
}  // namespace convoy::test
