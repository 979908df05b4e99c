// y = x in another dtype, of any shape: what data brings as f32 becomes what a model computes in.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

class Convert final : public Layer {
 public:
  explicit Convert(DType to) : to_(to) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  DType to_;
};

}  // namespace convoy
