#include "core/layers/adapter.h"

#include <gtest/gtest.h>

#include "core/layers/gated_mlp.h"
#include "core/layers/linear.h"
#include "core/layers/mlp.h"
#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

struct AdapterCase {
  int64_t inputs = 0, outputs = 0;
  std::vector<AdaptedPiece> pieces;
  int64_t rank = 2;
  float scale = 1.5f, dropout = 0;
  uint32_t number = 3;
  size_t first_parameter = 0;

  Adapter adapter() const {
    return Adapter({.map = {"map.weight", inputs, outputs},
                    .name = "map",
                    .pieces = pieces,
                    .rank = rank,
                    .scale = scale,
                    .dropout = dropout,
                    .number = number,
                    .first_parameter = first_parameter});
  }

  // y of the map, and what the adapter adds to it.
  Values added(Values y, const Values& x, const std::vector<Values>& weights, bool training, int64_t T) const {
    const Values &a = weights[first_parameter], &b = weights[first_parameter + 1];
    const auto C = static_cast<size_t>(inputs), N = static_cast<size_t>(outputs), r = static_cast<size_t>(rank);
    for (size_t row = 0; row < x.size() / C; ++row) {
      size_t a_row = 0, b_row = 0;
      for (const AdaptedPiece& piece : pieces) {
        for (int64_t o = 0; o < piece.outputs; ++o, ++b_row)
          for (size_t j = 0; j < r; ++j)
            y[row * N + static_cast<size_t>(piece.first + o)] +=
                double{scale} * b[b_row * r + j] * inner(x, a, row, a_row + j, training, T);
        a_row += r;
      }
    }
    return y;
  }

 private:
  double inner(const Values& x, const Values& a, size_t row, size_t a_row, bool training, int64_t T) const {
    const auto C = static_cast<size_t>(inputs);
    double sum = 0;
    for (size_t c = 0; c < C; ++c) {
      const double factor = training ? layer_dropout_factor(dropout, number, T, static_cast<int64_t>(row),
                                                            static_cast<int64_t>(c), RandomSite::adapter_dropout)
                                     : 1;
      sum += factor * x[row * C + c] * a[a_row * C + c];
    }
    return sum;
  }
};

// x (rows, Cin) W^T, W (Cout, Cin).
Values turned_f64(const Values& x, const Values& weight, int64_t Cin) {
  const auto C = static_cast<size_t>(Cin);
  Values turned(weight.size());
  const size_t N = weight.size() / C;
  for (size_t n = 0; n < N; ++n)
    for (size_t c = 0; c < C; ++c) turned[c * N + n] = weight[n * C + c];
  return linear_f64(x, turned, Values(N, 0.0));
}

TEST(AdapterOfLinear, AddsToAllOutputsOrToPieces) {
  const std::vector<std::vector<AdaptedPiece>> all = {{{"whole", 0, 7}}, {{"q", 0, 3}, {"v", 5, 2}}, {{"k", 3, 2}}};
  for (const auto& pieces : all)
    for (const float dropout : {0.0f, 0.3f})
      for (const bool by_outputs : {false, true}) {
        const AdapterCase c{.inputs = 13, .outputs = 7, .pieces = pieces, .dropout = dropout, .first_parameter = 1};
        Linear layer({.name = "linear", .Cin = 13, .Cout = 7, .has_bias = false, .by_outputs = by_outputs});
        layer.adapt({c.adapter()});
        check_layer({.layer = layer,
                     .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, 13}}},
                     .reference = [=](const auto& x, const auto& w, bool training) {
                       const Values y = by_outputs ? turned_f64(x[0], w[0], 13) : linear_f64(x[0], w[0], Values(7));
                       return std::vector<Values>{c.added(y, x[0], w, training, 3)};
                     }});
      }
}

TEST(AdapterOfLinear, LiesBelowTheActivation) {
  for (const Activation activation : {Activation::relu, Activation::gelu_tanh}) {
    const AdapterCase c{.inputs = 5, .outputs = 4, .pieces = {{"whole", 0, 4}}, .first_parameter = 2};
    Linear layer({.name = "linear", .Cin = 5, .Cout = 4, .activation = activation});
    layer.adapt({c.adapter()});
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {3, 5}}},
                 .reference = [=](const auto& x, const auto& w, bool training) {
                   return std::vector<Values>{
                       activation_f64(activation, c.added(linear_f64(x[0], w[0], w[1]), x[0], w, training, 1))};
                 }});
  }
}

// Each of the two products with an adapter, one of them, none.
TEST(AdaptersOfMlp, StandBesideEitherProduct) {
  const int64_t C = 6, F = 9;
  for (const float dropout : {0.0f, 0.3f})
    for (const int which : {1, 2, 3}) {
      const bool in = (which & 1) != 0, out = (which & 2) != 0;
      const AdapterCase first{
          .inputs = C, .outputs = F, .pieces = {{"in", 0, F}}, .dropout = dropout, .first_parameter = 4};
      const AdapterCase second{.inputs = F,
                               .outputs = C,
                               .pieces = {{"out", 0, C}},
                               .dropout = dropout,
                               .number = 5,
                               .first_parameter = in ? 6u : 4u};
      Mlp layer({.name_in = "in", .name_out = "out", .C = C, .F = F});
      layer.adapt({in ? first.adapter() : Adapter(), out ? second.adapter() : Adapter()});
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, C}}},
                   .reference = [=](const auto& x, const auto& w, bool training) {
                     Values sum = linear_f64(x[0], w[0], w[1]);
                     if (in) sum = first.added(sum, x[0], w, training, 3);
                     const Values hidden = activation_f64(Activation::gelu_tanh, sum);
                     Values y = linear_f64(hidden, w[2], w[3]);
                     if (out) y = second.added(y, hidden, w, training, 3);
                     return std::vector<Values>{y};
                   }});
    }
}

TEST(AdaptersOfGatedMlp, StandBesideEitherProduct) {
  const int64_t C = 6, F = 5;
  for (const float dropout : {0.0f, 0.3f})
    for (const int which : {1, 2, 3}) {
      const bool in = (which & 1) != 0, out = (which & 2) != 0;
      const AdapterCase first{.inputs = C,
                              .outputs = 2 * F,
                              .pieces = {{"gate", 0, F}, {"up", F, F}},
                              .dropout = dropout,
                              .first_parameter = 2};
      const AdapterCase second{.inputs = F,
                               .outputs = C,
                               .pieces = {{"out", 0, C}},
                               .dropout = dropout,
                               .number = 5,
                               .first_parameter = in ? 4u : 2u};
      GatedMlp layer({.name_in = "in", .name_out = "out", .C = C, .F = F});
      layer.adapt({in ? first.adapter() : Adapter(), out ? second.adapter() : Adapter()});
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, C}}},
                   .reference = [=](const auto& x, const auto& w, bool training) {
                     Values gates = turned_f64(x[0], w[0], C);
                     if (in) gates = first.added(gates, x[0], w, training, 3);
                     Values hidden;
                     for (size_t row = 0; row < 6; ++row)
                       for (size_t f = 0; f < static_cast<size_t>(F); ++f) {
                         const double gate = gates[row * 2 * F + f], up = gates[row * 2 * F + F + f];
                         hidden.push_back(activation_f64(Activation::silu, Values{gate})[0] * up);
                       }
                     Values y = turned_f64(hidden, w[1], F);
                     if (out) y = second.added(y, hidden, w, training, 3);
                     return std::vector<Values>{y};
                   }});
    }
}

}  // namespace
}  // namespace convoy::test
