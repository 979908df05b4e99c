// Elements are left out at random, those kept divided by 1 - p: core/ops/dropout.h. In evaluations y is x itself.
// x, y (B, ...).
#pragma once

#include "core/layers/layer.h"

namespace convoy {

class DropoutLayer final : public Layer {
 public:
  // number: no other dropout of the model has it.
  DropoutLayer(float p, uint32_t number) : p_(p), number_(number) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  void apply(Pass& pass, const Tensor& y, const Tensor& x) const;

  float p_;
  uint32_t number_;
};

}  // namespace convoy
