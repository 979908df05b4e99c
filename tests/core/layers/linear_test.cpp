#include "core/layers/linear.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

TEST(LinearLayer, MatchesItsReference) {
  for (const auto& [Cin, Cout] : {std::pair<int64_t, int64_t>{13, 7}, {1, 5}, {64, 1}, {16, 32}}) {
    const Linear layer({.name = "linear", .Cin = Cin, .Cout = Cout});
    for (const Shape& shape : {Shape{2, 3, Cin}, Shape{5, Cin}, Shape{1, 1, 2, 1, Cin}})
      check_layer({.layer = layer,
                   .inputs = std::vector<TensorSpec>{{DType::f32, shape}},
                   .reference = [](const auto& x, const auto& w, bool) {
                     return std::vector<Values>{linear_f64(x[0], w[0], w[1])};
                   }});
  }
}

TEST(LinearLayer, AppliesItsActivation) {
  for (const auto& [name, activation] : enum_names(Activation{})) {
    SCOPED_TRACE(name);
    const Linear layer({.name = "linear", .Cin = 13, .Cout = 7, .activation = activation});
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, {2, 3, 13}}},
                 .reference = [kind = activation](const auto& x, const auto& w, bool) {
                   return std::vector<Values>{activation_f64(kind, linear_f64(x[0], w[0], w[1]))};
                 }});
  }
}

TEST(LinearLayer, NeedsNoBias) {
  const Linear layer({.name = "linear", .Cin = 13, .Cout = 7, .activation = Activation::gelu_tanh, .has_bias = false});
  check_layer({.layer = layer,
               .inputs = std::vector<TensorSpec>{{DType::f32, {5, 13}}},
               .reference = [](const auto& x, const auto& w, bool) {
                 return std::vector<Values>{
                     activation_f64(Activation::gelu_tanh, linear_f64(x[0], w[0], Values(7, 0.0)))};
               }});
}

TEST(LinearLayer, RefusesOtherChannels) {
  const Linear layer({.name = "linear", .Cin = 3, .Cout = 2});
  EXPECT_THROW(layer.plan(std::vector<TensorSpec>{{DType::f32, {2, 4}}}, Purpose::training), ConfigError);
}

}  // namespace
}  // namespace convoy::test
