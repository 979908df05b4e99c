// The feed-forward half of a Llama block: y = (silu(x Wg) * (x Wu)) Wd, Shazeer, arXiv:2002.05202. x, y (..., C),
// hidden (..., F). Gates and values are one product with W (2 F, C) by outputs, the gates' rows first; Wd (C, F).
//
// Only the product is kept for backward: the gated values are computed again beside their gradient, in one go, and lie
// where dy Wd has lain.
#pragma once

#include "core/layers/adapter.h"
#include "core/layers/layer.h"

namespace convoy {

struct GatedMlpOptions {
  std::string name_in, name_out;  // parameters are with .weight
  int64_t C = 0, F = 0;
  float stddev_in = 0.02f, stddev_out = 0.02f;
};

class GatedMlp final : public Layer {
 public:
  explicit GatedMlp(GatedMlpOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;
  std::vector<LinearMap> linear_maps() const override;
  void adapt(const std::vector<Adapter>& adapters) override { in_ = adapters.at(0), out_ = adapters.at(1); }

 private:
  GatedMlpOptions o_;
  Adapter in_, out_;
};

}  // namespace convoy
