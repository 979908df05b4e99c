// A vector for each category: ids (B, ...) i32 -> y (B, ..., C). The table is the parameter name.weight (V, C).
#pragma once

#include <string>

#include "core/layers/layer.h"

namespace convoy {

struct CategoryEmbeddingOptions {
  std::string name;
  int64_t V = 0, C = 0;      // ids are in [0, V)
  DType dtype = DType::f32;  // of the output: what the model computes in
  float stddev = 1;          // PyTorch's
};

class CategoryEmbedding final : public Layer {
 public:
  explicit CategoryEmbedding(CategoryEmbeddingOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  CategoryEmbeddingOptions o_;
};

}  // namespace convoy
