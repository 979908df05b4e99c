// Batch normalisation of the last extent, Ioffe and Szegedy, arXiv:1502.03167: x, y (B, ..., C).
//
// Training normalises by the moments of its micro-batch, as PyTorch's DistributedDataParallel does of a rank's batch,
// so that nothing depends on the number of ranks. Everything else normalises by their running averages, to which a step
// adds momentum * (mean over its micro-batches - average); of the variance PyTorch's unbiased one.
// Parameters: name.weight, name.bias, and the statistics name.running_mean, name.running_var.
#pragma once

#include <string>

#include "core/layers/layer.h"

namespace convoy {

struct BatchNormOptions {
  std::string name;
  bool scale = true, bias = true;
  float momentum = 0.1f;  // weight of what is new
  float eps = 1e-5f;
};

class BatchNorm final : public Layer {
 public:
  explicit BatchNorm(BatchNormOptions options) : o_(std::move(options)) {}

  // Training throws ConfigError, when it is planned, for micro-batches of one row: they have no variance.
  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  // Where a parameter stands in the plan.
  size_t bias_at() const { return o_.scale ? 1 : 0; }
  size_t mean_at() const { return bias_at() + (o_.bias ? 1 : 0); }
  size_t variance_at() const { return mean_at() + 1; }
  Tensor weight_of(const std::vector<Tensor>& tensors) const { return o_.scale ? tensors[0] : Tensor(); }
  Tensor bias_of(const std::vector<Tensor>& tensors) const { return o_.bias ? tensors[bias_at()] : Tensor(); }
  void measure(Pass& pass, const LayerTensors& t) const;
  void add_statistics(Pass& pass, const LayerTensors& t, int64_t rows) const;

  BatchNormOptions o_;
};

}  // namespace convoy
