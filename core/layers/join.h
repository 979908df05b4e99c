// Layers of several inputs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/layers/layer.h"

namespace convoy {

// Inputs that differ in one extent alone become one tensor, one behind the other along it.
class Concat final : public Layer {
 public:
  // axis: of a sample, 0 its first extent; negative: from the end, -1 the innermost. inputs: that it will have. Throws
  // ConfigError, naming the layer, if they do not fit.
  Concat(std::string name, int64_t axis, std::span<const TensorSpec> inputs);

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  std::string name_;
  int dim_;                      // of the batch
  std::vector<int64_t> widths_;  // of each input's part of a row: what lies from dim_ on
};

// The sum of inputs of one shape.
class AddInputs final : public Layer {
 public:
  explicit AddInputs(std::string name) : name_(std::move(name)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  std::string name_;
};

// The product of inputs of one shape; or of x (B, ..., C) and a gate of one number for each channel of a sample,
// (B, C), (B, 1, 1, C) or the like, as in squeeze and excitation: core/ops/gate.h.
class MultiplyInputs final : public Layer {
 public:
  explicit MultiplyInputs(std::string name) : name_(std::move(name)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  std::string name_;
};

}  // namespace convoy
