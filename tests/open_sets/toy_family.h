// A family of our own, with a loss of our own: a line through a cube.
#pragma once

#include "core/layers/linear.h"
#include "core/layers/losses.h"
#include "core/models/family.h"
#include "tests/open_sets/toy_layer.h"

namespace convoy::test {

struct CubicFamily final : Family {
  double factor = 1;

  void describe(Keys& keys) override { keys(binding("factor"), factor, "", "of the cube", Allowed::from(-10, 10)); }
  std::unique_ptr<Family> clone() const override { return std::make_unique<CubicFamily>(*this); }
  void settle(const ModelData& data, Loss& loss) override {
    x_ = *find_field(data.fields, "x");
    outputs_ = loss.outputs(*find_field(data.fields, "y"), data);
  }
  std::string summary() const override { return "a cube"; }
  Graph loss_graph(const GraphNeeds& needs) const override {
    Graph graph;
    const int64_t F = x_.shape.elements();
    const ValueId x = graph.add_input("x", {DType::f32, {needs.B, F}});
    const ValueId line = graph.add("line", std::make_unique<Linear>(LinearOptions{"line", F, outputs_, 0.1f}), {x})[0];
    const ValueId cube = graph.add("cube", std::make_unique<CubeLayer>(static_cast<float>(factor)), {line})[0];
    graph.set_output("predictions", cube);
    const ValueId y = graph.add_input("y", {DType::f32, {needs.B, outputs_}});
    graph.set_output("targets", y);
    graph.set_loss(needs.loss.add(graph, cube, y));
    return graph;
  }

 private:
  BatchField x_;
  int64_t outputs_ = 1;
};

// The mean squared error with another name.
struct ToyLoss final : Loss {
  void describe(Keys&) override {}
  std::unique_ptr<Loss> clone() const override { return std::make_unique<ToyLoss>(*this); }
  int64_t outputs(const BatchField& target, const ModelData&) const override { return target.shape.elements(); }
  std::vector<ValueId> add(Graph& graph, ValueId predictions, ValueId target) const override {
    return graph.add("loss", std::make_unique<NumberLoss>("toy"), {predictions, target});
  }
};

}  // namespace convoy::test
