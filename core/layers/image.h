// Pictures of bytes as numbers: y = scale * x + shift. x (B, ...) u8, y of the dtype that the model computes in.
#pragma once

#include <string>

#include "core/layers/layer.h"

namespace convoy {

struct ImageOptions {
  std::string name;
  DType to = DType::f32;
  float scale = 1.0f / 255, shift = 0;
};

class Image final : public Layer {
 public:
  explicit Image(ImageOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;  // of bytes there is no gradient

 private:
  ImageOptions o_;
};

}  // namespace convoy
