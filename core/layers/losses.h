// Losses of rows of predictions. Each gives, as layer.h wants of a loss, (losses, weights).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/layers/layer.h"
#include "core/ops/pointwise_loss.h"

namespace convoy {

// Each number is compared with its target alone, core/ops/pointwise_loss.h: x (N, ...), target of as many numbers a
// row -> losses (N) f32, the mean over a row, and weights of 1. Binary cross entropy also takes logits of one number a
// row with classes 0 and 1 as targets, (N) i32; negative ones are ignored and weigh 0.
class NumberLoss final : public Layer {
 public:
  // number: delta of huber.
  explicit NumberLoss(std::string name, LossRule rule = LossRule::squared, float number = 1)
      : name_(std::move(name)), rule_(rule), number_(number) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  void run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dtarget) const;

  std::string name_;
  LossRule rule_;
  float number_;
};

struct CrossEntropyOptions {
  std::string name;
  float label_smoothing = 0;
  std::vector<float> class_weights = {};  // one for each class; empty: all 1
  int32_t ignored = -1;                   // a class that is ignored where it is wanted, as negative ones always are
};

// Softmax cross entropy: logits (N, K), targets (N) i32 -> losses (N) f32, in nats, and weights (N) f32: that of the
// target's class, or 0 where it is ignored. Weights of classes are the setting name.class_weights.
class SoftmaxCrossEntropy final : public Layer {
 public:
  explicit SoftmaxCrossEntropy(CrossEntropyOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  void run(Pass& pass, const LayerTensors& t, const Tensor& dlogits) const;

  CrossEntropyOptions o_;
};

}  // namespace convoy
