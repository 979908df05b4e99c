// y = softmax(x) over the last extent, of any shape.
//
// Not in front of the loss cross_entropy, which is of logits and has its own.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

class Softmax final : public Layer {
 public:
  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;
};

}  // namespace convoy
