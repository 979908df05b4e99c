// Two linear maps with an activation between: y = act(x W1 + b1) W2 + b2, the feed-forward half of a transformer block.
// x, y (..., C), hidden (..., F). One layer rather than three, so that the activation and its derivative are epilogues
// of the products and the hidden gradient is scratch.
#pragma once

#include "core/layers/adapter.h"
#include "core/layers/layer.h"
#include "core/ops/matmul.h"

namespace convoy {

struct MlpOptions {
  std::string name_in, name_out;  // c_fc and c_proj in GPT-2
  int64_t C = 0, F = 0;
  Activation activation = Activation::gelu_tanh;
  float stddev_in = 0.02f, stddev_out = 0.02f;
};

class Mlp final : public Layer {
 public:
  explicit Mlp(MlpOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;
  std::vector<LinearMap> linear_maps() const override;
  void adapt(const std::vector<Adapter>& adapters) override { in_ = adapters.at(0), out_ = adapters.at(1); }

 private:
  MlpOptions o_;
  Adapter in_, out_;
};

}  // namespace convoy
