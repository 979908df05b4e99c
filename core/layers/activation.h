// y = act(x), an element at a time, of any shape. A product has the same as its epilogue: LinearOptions.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/activation.h"

namespace convoy {

class Activate final : public Layer {
 public:
  // number: the slope of leaky_relu, or alpha of elu; not negative.
  explicit Activate(Activation kind) : Activate(kind, default_number(kind)) {}
  Activate(Activation kind, float number) : kind_(kind), number_(number) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  Activation kind_;
  float number_;
};

}  // namespace convoy
