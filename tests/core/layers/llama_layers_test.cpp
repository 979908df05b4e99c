// The layers of the family llama: rotary_projection.h, gated_mlp.h, attention.h with grouped queries, windows and
// documents, embedding.h without positions, linear.h by outputs.
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "core/layers/attention.h"
#include "core/layers/embedding.h"
#include "core/layers/gated_mlp.h"
#include "core/layers/linear.h"
#include "core/layers/rotary_projection.h"
#include "core/ops/ops.h"
#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

// x (rows, Cin) W^T + b, W (Cout, Cin).
Values outputs_f64(const Values& x, const Values& weight, int64_t Cin, const Values& bias = {}) {
  const size_t K = static_cast<size_t>(Cin), N = weight.size() / K;
  Values y;
  for (size_t row = 0; row < x.size() / K; ++row)
    for (size_t n = 0; n < N; ++n) {
      double sum = bias.empty() ? 0 : bias[n];
      for (size_t k = 0; k < K; ++k) sum += x[row * K + k] * weight[n * K + k];
      y.push_back(sum);
    }
  return y;
}

Values some_starts(int64_t B, int64_t T) {
  Values starts;
  for (int64_t b = 0; b < B; ++b)
    for (int64_t t = 0; t < T; ++t) starts.push_back(static_cast<double>(t / (2 + b) * (2 + b)));
  return starts;
}

struct RotaryCase {
  RotaryShape shape;
  int64_t B = 2, T = 5, C = 7;
  bool bias = false, norm = false, starts = false;

  Values rotated(Values y, const std::vector<Values>& inputs, const std::vector<Values>& weights) const {
    const RotaryShape& s = shape;
    const auto width = static_cast<size_t>((s.H + 2 * s.Hkv) * s.D);
    for (int64_t row = 0; row < B * T; ++row) {
      const double start = starts ? inputs[1][static_cast<size_t>(row)] : 0;
      for (int64_t head = 0; head < s.heads(); ++head) {
        double* x = &y[static_cast<size_t>(row) * width + static_cast<size_t>(head * s.D)];
        if (norm) norm_head(x, weights[weights.size() - (head < s.H ? 2 : 1)]);
        turn_head(x, static_cast<double>(row % T) - start);
      }
    }
    return y;
  }
  void norm_head(double* x, const Values& weight) const {
    double squares = 0;
    for (int64_t d = 0; d < shape.D; ++d) squares += x[d] * x[d];
    const double scale = 1 / std::sqrt(squares / static_cast<double>(shape.D) + static_cast<double>(shape.eps));
    for (int64_t d = 0; d < shape.D; ++d) x[d] *= scale * weight[static_cast<size_t>(d)];
  }
  void turn_head(double* x, double position) const {
    for (int64_t i = 0; i < shape.R / 2; ++i) {
      const double angle = position * static_cast<double>(shape.frequencies[static_cast<size_t>(i)]);
      double &a = x[shape.interleaved ? 2 * i : i], &b = x[shape.interleaved ? 2 * i + 1 : i + shape.R / 2];
      const double cosine = std::cos(angle) * static_cast<double>(shape.amplitude);
      const double sine = std::sin(angle) * static_cast<double>(shape.amplitude), old = a;
      a = cosine * old - sine * b;
      b = cosine * b + sine * old;
    }
  }
};

RotaryShape rotary_of(int64_t H, int64_t Hkv, int64_t D, int64_t R, bool interleaved) {
  RotaryShape s{.H = H, .Hkv = Hkv, .D = D, .R = R, .interleaved = interleaved, .amplitude = 1.25f, .eps = 1e-3f};
  for (int64_t i = 0; i < R / 2; ++i)
    s.frequencies[static_cast<size_t>(i)] = static_cast<float>(std::pow(0.7, static_cast<double>(i)));
  return s;
}

TEST(RotaryProjectionLayer, MatchesItsReference) {
  std::vector<RotaryCase> cases;
  for (const bool interleaved : {false, true})
    for (const auto& [D, R] : {std::pair<int64_t, int64_t>{6, 6}, {10, 4}, {64, 64}})
      for (const bool norm : {false, true}) cases.push_back({rotary_of(2, 1, D, R, interleaved), 2, 5, 7, norm, norm});
  cases.push_back({rotary_of(3, 3, 34, 34, false), 1, 3, 5, true, false, true});
  cases.push_back({rotary_of(4, 2, 4, 2, true), 3, 6, 8, false, true, true});
  for (const RotaryCase& c : cases) {
    SCOPED_TRACE(testing::Message() << "D " << c.shape.D << " R " << c.shape.R << " interleaved " << c.shape.interleaved
                                    << " norm " << c.norm);
    RotaryProjectionOptions options{.name = "qkv", .C = c.C, .rotary = c.shape, .has_bias = c.bias};
    if (c.norm) options.query_norm = "q", options.key_norm = "k";
    const RotaryProjection layer(options);
    std::vector<TensorSpec> inputs{{DType::f32, {c.B, c.T, c.C}}};
    if (c.starts) inputs.push_back({DType::i32, {c.B, c.T}});
    check_layer({.layer = layer,
                 .inputs = inputs,
                 .reference =
                     [&c](const auto& x, const auto& w, bool) {
                       Values y = outputs_f64(x[0], w[0], c.C, c.bias ? w[1] : Values());
                       return std::vector<Values>{c.rotated(std::move(y), x, w)};
                     },
                 .integers = [&c](int) { return some_starts(c.B, c.T); }});
  }
}

// Of angles that are f32 products, as peers have them.
TEST(RotaryPositions, AreExactFarOut) {
  RotaryShape s = rotary_of(1, 0, 8, 8, false);
  s.amplitude = 1;
  for (const double first : {0.0, 1000.0, 131071.0, 999990.0}) {
    const int64_t T = 9;
    Values ones(static_cast<size_t>(T * s.D), 0);
    for (size_t i = 0; i < ones.size(); ++i) ones[i] = i % 8 < 4 ? 1 : 0;  // turned, cosines and then sines
    const Array x({1, T, s.D}, DType::f32, ones), position({1}, DType::i64, {first});
    RotaryForward args;
    args.shape = s, args.x = x, args.position = position;
    test_device().ops().run(test_stream(), args);
    Values expected;
    for (int64_t t = 0; t < T; ++t)
      for (size_t i = 0; i < 8; ++i) {
        const float angle = (static_cast<float>(first) + static_cast<float>(t)) * s.frequencies[i % 4];
        expected.push_back(i < 4 ? std::cos(static_cast<double>(angle)) : std::sin(static_cast<double>(angle)));
      }
    expect_near(x.values(), expected, 2e-7, "cosines and sines");
  }
}

TEST(RotaryProjectionLayer, RefusesAnOddNumberOfTurnedChannels) {
  const RotaryProjection layer({.name = "qkv", .C = 4, .rotary = rotary_of(1, 1, 4, 3, false)});
  EXPECT_THROW(layer.plan(std::vector<TensorSpec>{{DType::f32, {1, 2, 4}}}, Purpose::training), ConfigError);
}

TEST(GatedMlpLayer, MatchesItsReference) {
  for (const auto& [C, F] : {std::pair<int64_t, int64_t>{11, 19}, {5, 33}, {16, 1}}) {
    const GatedMlp layer({.name_in = "in", .name_out = "out", .C = C, .F = F});
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, C}}},
                 .reference = [C = C, F = F](const auto& x, const auto& w, bool) {
                   const Values gates = outputs_f64(x[0], w[0], C);
                   const auto width = static_cast<size_t>(F);
                   Values hidden;
                   for (size_t row = 0; row < gates.size() / (2 * width); ++row)
                     for (size_t f = 0; f < width; ++f) {
                       const double gate = gates[row * 2 * width + f];
                       hidden.push_back(gate / (1 + std::exp(-gate)) * gates[row * 2 * width + width + f]);
                     }
                   return std::vector<Values>{outputs_f64(hidden, w[1], F)};
                 }});
  }
}

TEST(LinearLayer, TakesItsWeightByOutputs) {
  for (const bool bias : {true, false}) {
    const Linear layer({.name = "linear", .Cin = 13, .Cout = 7, .has_bias = bias, .by_outputs = true});
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, 13}}},
                 .reference = [=](const auto& x, const auto& w, bool) {
                   return std::vector<Values>{outputs_f64(x[0], w[0], 13, bias ? w[1] : Values())};
                 }});
  }
}

TEST(EmbeddingLayer, NeedsNoPositions) {
  constexpr int64_t B = 2, T = 3, V = 5, C = 7;
  const Embedding layer({"tokens", "", V, C, T, DType::f32, 0.02f, 0, 0});
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::i32, {B, T}}},
               .reference =
                   [](const auto& x, const auto& w, bool) {
                     Values y;
                     for (const double token : x[0])
                       for (size_t c = 0; c < static_cast<size_t>(C); ++c)
                         y.push_back(w[0][static_cast<size_t>(token) * static_cast<size_t>(C) + c]);
                     return std::vector<Values>{y};
                   },
               .integers = [](int) { return Values{0, 4, 4, 1, 0, 3}; },
               .dtypes = {DType::f32}});
}

struct GroupedSizes {
  int64_t B, T, H, Hkv, D, window;
  bool starts;
};

Values grouped_attention_f64(const std::vector<Values>& in, const GroupedSizes& s) {
  const int64_t width = (s.H + 2 * s.Hkv) * s.D;
  const auto at = [&](int64_t b, int64_t t, int64_t head, int64_t d) {
    return in[0][static_cast<size_t>((b * s.T + t) * width + head * s.D + d)];
  };
  Values y(static_cast<size_t>(s.B * s.T * s.H * s.D));
  for (int64_t row = 0; row < s.B * s.H * s.T; ++row) {
    const int64_t b = row / (s.H * s.T), h = row / s.T % s.H, q = row % s.T, key = s.H + h / (s.H / s.Hkv);
    const int64_t start = s.starts ? static_cast<int64_t>(in[1][static_cast<size_t>(b * s.T + q)]) : 0;
    const int64_t first = std::max(start, s.window > 0 ? q + 1 - s.window : 0);
    Values p;
    double total = 0;
    for (int64_t k = first; k <= q; ++k) {
      double score = 0;
      for (int64_t d = 0; d < s.D; ++d) score += at(b, q, h, d) * at(b, k, key, d);
      total += p.emplace_back(std::exp(score / std::sqrt(static_cast<double>(s.D))));
    }
    for (int64_t k = first; k <= q; ++k)
      for (int64_t d = 0; d < s.D; ++d)
        y[static_cast<size_t>(((b * s.T + q) * s.H + h) * s.D + d)] +=
            p[static_cast<size_t>(k - first)] / total * at(b, k, key + s.Hkv, d);
  }
  return y;
}

TEST(SelfAttentionLayer, OfGroupedQueriesWindowsAndDocuments) {
  for (const GroupedSizes& s : {GroupedSizes{2, 5, 4, 2, 3, 0, false},
                                {1, 9, 3, 1, 10, 4, false},
                                {2, 7, 2, 2, 4, 0, true},
                                {2, 9, 4, 1, 6, 2, true}}) {
    AttentionOptions options{.name = "attention", .H = s.H};
    options.Hkv = s.Hkv, options.D = s.D, options.window = s.window;
    const SelfAttention layer(options);
    std::vector<TensorSpec> inputs{{DType::f32, {s.B, s.T, (s.H + 2 * s.Hkv) * s.D}}};
    if (s.starts) inputs.push_back({DType::i32, {s.B, s.T}});
    check_layer({.layer = layer,
                 .inputs = inputs,
                 .reference = [=](const std::vector<Values>& in, const auto&,
                                  bool) { return std::vector<Values>{grouped_attention_f64(in, s)}; },
                 .integers = [=](int) { return some_starts(s.B, s.T); }});
  }
}

TEST(SelfAttentionLayer, RefusesHeadsOfKeysThatDoNotDivide) {
  AttentionOptions options{.name = "attention", .H = 3};
  options.Hkv = 2, options.D = 4;
  EXPECT_THROW(SelfAttention(options).plan(std::vector<TensorSpec>{{DType::f32, {1, 2, 28}}}, Purpose::training),
               ConfigError);
}

}  // namespace
}  // namespace convoy::test
