// The elements of each sample in another shape; y is x's memory.  x (B, ...), y (B, shape...), of any dtype.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/layers/layer.h"

namespace convoy {

class Reshape final : public Layer {
 public:
  // shape: of a sample; one extent may be -1, whatever is left then.
  Reshape(std::string name, std::vector<int64_t> shape) : name_(std::move(name)), shape_(std::move(shape)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  Shape shape_of(const Shape& x) const;

  std::string name_;
  std::vector<int64_t> shape_;
};

}  // namespace convoy
