// Residual addition and a norm in one: (x, branch) -> (residual, y), residual = x + dropout(branch), y = layer or RMS
// norm of residual, core/ops/norm.h. With one input there is no branch and residual is x itself, passed on.
// x, branch, residual, y (..., C).
//
// Passing the residual on, rather than letting two layers read x, gives every value in a transformer one reader: its
// gradient is then written once and never added up.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/dropout.h"
#include "core/ops/norm.h"

namespace convoy {

struct NormOptions {
  std::string name;  // parameters are name.weight and, of layer norm, name.bias
  NormKind kind = NormKind::layer;
  int64_t C = 0;
  bool has_branch = true;
  float dropout = 0;  // of branch
  uint32_t dropout_number = 0;
  float eps = 1e-5f;
};

class Norm final : public Layer {
 public:
  explicit Norm(NormOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  bool has_bias() const { return o_.kind == NormKind::layer; }
  Dropout dropout(const Pass& pass, const Tensor& x) const;
  void pass_residual_gradient(Pass& pass, const LayerTensors& t) const;

  NormOptions o_;
};

}  // namespace convoy
