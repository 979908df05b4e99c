#include "core/layers/activation.h"

#include <gtest/gtest.h>

#include "core/graph/add_activation.h"

#include "tests/core/layers/layer_references.h"

namespace convoy::test {
namespace {

void check_activation(Activation kind, float number) {
  const Activate layer(kind, number);
  for (const Shape& shape : {Shape{3, 7}, Shape{1}, Shape{2, 4, 4, 3}, Shape{40, 83}})
    check_layer({.layer = layer,
                 .inputs = std::vector<TensorSpec>{{DType::f32, shape}},
                 .reference = [=](const auto& x, const auto&, bool) {
                   return std::vector<Values>{activation_f64(kind, x[0], double{number})};
                 }});
}

TEST(ActivateLayer, MatchesItsReference) {
  for (const auto& [name, kind] : enum_names(Activation{})) {
    SCOPED_TRACE(name);
    check_activation(kind, default_number(kind));
  }
}

TEST(ActivateLayer, TakesASlopeAndAnAlpha) {
  check_activation(Activation::leaky_relu, 0.3f);
  check_activation(Activation::elu, 2.5f);
}

TEST(ActivateLayer, KeepsTheOutputAloneWhereThatSuffices) {
  const std::vector<TensorSpec> x{{DType::f32, {4, 5}}};
  for (const auto& [name, kind] : enum_names(Activation{})) {
    const Reads reads = Activate(kind).plan(x, Purpose::training).backward_reads;
    EXPECT_EQ(reads.outputs.size(), derivative_from_output(kind) ? 1u : 0u) << name;
    EXPECT_EQ(reads.inputs.size(), derivative_from_output(kind) ? 0u : 1u) << name;
  }
}

TEST(AddActivation, AddsANodeUnlessThereIsNone) {
  Graph graph;
  const ValueId x = graph.add_input("x", {DType::f32, {4, 5}});
  EXPECT_EQ(add_activation(graph, "act", x, Activation::none), x);
  const ValueId y = add_activation(graph, "act", x, Activation::relu);
  EXPECT_NE(y, x);
  ASSERT_EQ(graph.nodes().size(), 1u);
  EXPECT_EQ(graph.nodes()[0].name, "act");
}

}  // namespace
}  // namespace convoy::test
