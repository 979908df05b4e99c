// y = x W + b.   x (..., Cin), W (Cin, Cout) as in GPT-2's Conv1D, b (Cout), y (..., Cout).
#pragma once

#include "core/layers/layer.h"

namespace convoy {

struct LinearOptions {
  std::string name;  // parameters are name.weight and name.bias
  int64_t Cin = 0, Cout = 0;
  float stddev = 0.02f;
};

class Linear final : public Layer {
 public:
  explicit Linear(LinearOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  LinearOptions o_;
};

}  // namespace convoy
