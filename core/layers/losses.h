// Losses of rows of predictions. Each gives, as layer.h wants of a loss, (losses, weights).
#pragma once

#include "core/layers/layer.h"

namespace convoy {

// Mean squared error: x (N, F), target (N, F) -> losses (N) f32, the mean over F of (x - target)^2, and weights of 1.
class MeanSquaredError final : public Layer {
 public:
  explicit MeanSquaredError(std::string name) : name_(std::move(name)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  void run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dtarget) const;

  std::string name_;
};

// Softmax cross entropy: logits (N, K), targets (N) i32 -> losses (N) f32, in nats, and weights (N) f32: 1, or 0 where
// a target is negative, which then is ignored.
class SoftmaxCrossEntropy final : public Layer {
 public:
  explicit SoftmaxCrossEntropy(std::string name) : name_(std::move(name)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  void run(Pass& pass, const LayerTensors& t, const Tensor& dlogits) const;

  std::string name_;
};

}  // namespace convoy
