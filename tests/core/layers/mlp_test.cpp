#include "core/layers/mlp.h"

#include <gtest/gtest.h>

#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

TEST(MlpLayer, MatchesItsReference) {
  for (const Activation activation : {Activation::gelu_tanh, Activation::silu, Activation::tanh}) {
    const int64_t C = 11, F = 19;
    const Mlp layer({.name_in = "in", .name_out = "out", .C = C, .F = F, .activation = activation});
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, C}}},
                 .reference = [=](const auto& x, const auto& w, bool) {
                   const Values hidden = activation_f64(activation, linear_f64(x[0], w[0], w[1]));
                   return std::vector<Values>{linear_f64(hidden, w[2], w[3])};
                 }});
  }
}

}  // namespace
}  // namespace convoy::test
