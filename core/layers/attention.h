// Causal self-attention over the packed output of one product: qkv (B, T, 3C) -> y (B, T, C), H heads of D = C / H.
// Vaswani et al., arXiv:1706.03762. Within a token: all of q, then k, then v, each head after head, as in GPT-2.
// For generation keys and values are states: a pass adds its tokens', and its queries see all that are there.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/attention.h"

namespace convoy {

struct AttentionOptions {
  std::string name;
  int64_t C = 0, H = 1;
  int64_t context = 0;  // tokens that the states for generation hold
  float dropout = 0;    // of probabilities
  uint32_t dropout_number = 0;
};

class SelfAttention final : public Layer {
 public:
  explicit SelfAttention(AttentionOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  AttentionShape shape(const Tensor& qkv) const;
  Heads part(const Tensor& packed, int which) const;
  void forward_cached(Pass& pass, const LayerTensors& t) const;

  AttentionOptions o_;
};

}  // namespace convoy
