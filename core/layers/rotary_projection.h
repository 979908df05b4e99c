// Queries, keys and values of attention by one product, with rotary positions, core/ops/rotary.h:
//   y = rotary(norm(x W + b)),   x (B, T, C), W ((H + 2 Hkv) D, C) by outputs, y (B, T, (H + 2 Hkv) D)
// in place on the product's result, of which values stay as they are. A second input, starts (B, T) i32, is the token
// from which positions count. For generation the first token is at Pass::position.
#pragma once

#include "core/layers/adapter.h"
#include "core/layers/layer.h"
#include "core/ops/rotary.h"

namespace convoy {

struct RotaryProjectionOptions {
  std::string name;  // parameters are name.weight and name.bias
  int64_t C = 0;
  RotaryShape rotary;
  bool has_bias = false;
  std::string query_norm, key_norm;  // parameters are with .weight; empty: none
  float stddev = 0.02f;
};

class RotaryProjection final : public Layer {
 public:
  explicit RotaryProjection(RotaryProjectionOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;
  std::vector<LinearMap> linear_maps() const override;
  void adapt(const std::vector<Adapter>& adapters) override { adapter_ = adapters.at(0); }

 private:
  bool has_norm() const { return !o_.query_norm.empty(); }
  int64_t width() const { return (o_.rotary.H + 2 * o_.rotary.Hkv) * o_.rotary.D; }
  size_t query_norm() const { return o_.has_bias ? 2 : 1; }  // number of the parameter; the keys' is the next

  RotaryProjectionOptions o_;
  Adapter adapter_;
};

}  // namespace convoy
