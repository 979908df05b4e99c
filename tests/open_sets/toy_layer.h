// A layer of our own with an operator of our own, as a layer that a config lists.
#pragma once

#include "core/layers/layer.h"
#include "core/models/layer_item.h"
#include "core/ops/ops.h"

namespace convoy::test {

// y = factor x^3, or y = 3 factor x^2 dy where dy is present.
struct ToyCube {
  Tensor y, x, dy;  // f32
  float factor = 1;
};

// Puts it into a device's table, as cpu_ops.cpp puts the others.
void add_toy_operator(Ops& ops);

class CubeLayer final : public Layer {
 public:
  explicit CubeLayer(float factor) : factor_(factor) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  float factor_;
};

struct CubeItem final : LayerItem {
  double factor = 1;
  void describe(Keys& keys) override { keys("factor", factor, "", "times the cube", Allowed::from(-10, 10)); }
  std::unique_ptr<LayerItem> clone() const override { return std::make_unique<CubeItem>(*this); }
  ValueId add(Graph& graph, const std::string& name, std::span<const ValueId> inputs) const override {
    return graph.add(name, std::make_unique<CubeLayer>(static_cast<float>(factor)), {inputs[0]})[0];
  }
};

}  // namespace convoy::test
