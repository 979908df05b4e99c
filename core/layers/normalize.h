// y = (x - mean) / deviation of the last extent, by constants: the statistics of a dataset. Where the deviation is 0, y
// is. x (B, ..., C) of real numbers or bytes, y of the dtype that the model computes in.
//
// The constants are the parameters name.mean and name.deviation, so that a checkpoint knows them without the data.
#pragma once

#include <string>
#include <vector>

#include "core/layers/layer.h"

namespace convoy {

struct NormalizeOptions {
  std::string name;
  DType to = DType::f32;
  Initialisation mean, deviation;  // C values each
};

class Normalize final : public Layer {
 public:
  explicit Normalize(NormalizeOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  NormalizeOptions o_;
};

}  // namespace convoy
