// Token embedding plus learned positions, if there are such, then dropout: tokens (B, T) i32 -> x (B, T, C). GPT-2's
// wte and wpe. A second input, starts (B, T) i32, is the token from which positions count: with which its document
// begins. Tokens of more dimensions, (B, ..., T), are as many samples.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

struct EmbeddingOptions {
  std::string token_table, position_table;  // parameter names; empty: no positions
  int64_t V = 0, C = 0, context = 0;
  DType dtype = DType::f32;  // of the output
  float stddev = 0.02f;
  float dropout = 0;
  uint32_t dropout_number = 0;
};

class Embedding final : public Layer {
 public:
  explicit Embedding(EmbeddingOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  EmbeddingOptions o_;
};

}  // namespace convoy
