// y = act(x W + b).   x (..., Cin), W (Cin, Cout) as in GPT-2's Conv1D, b (Cout), y (..., Cout). Without an activation
// W may also be held by outputs, (Cout, Cin).
//
// The activation, with the number that it has by default, is the product's epilogue. Its derivative is computed from y
// where that suffices, otherwise from x W + b, which then is kept.
#pragma once

#include "core/layers/adapter.h"
#include "core/layers/layer.h"
#include "core/ops/activation.h"

namespace convoy {

struct LinearOptions {
  std::string name;  // parameters are name.weight and name.bias
  int64_t Cin = 0, Cout = 0;
  float stddev = 0.02f;
  Activation activation = Activation::none;
  bool has_bias = true;
  bool by_outputs = false;  // W is (Cout, Cin)
};

class Linear final : public Layer {
 public:
  explicit Linear(LinearOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;
  std::vector<LinearMap> linear_maps() const override;
  void adapt(const std::vector<Adapter>& adapters) override { adapter_ = adapters.at(0); }

 private:
  // Does forward keep x W + b for the derivative?
  bool keeps_sum() const { return !derivative_from_output(o_.activation); }

  LinearOptions o_;
  Adapter adapter_;
};

}  // namespace convoy
