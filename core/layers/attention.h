// Causal self-attention over the packed output of one product: qkv (B, T, (H + 2 Hkv) D) -> y (B, T, H D). Vaswani et
// al., arXiv:1706.03762; grouped queries where Hkv < H, Ainslie et al., arXiv:2305.13245. Within a token: all of q,
// then k, then v, each head after head, as in GPT-2. A second input, starts (B, T) i32, says of each token the first
// one that it sees: with which its document begins. A last one, prefix_ends (B, T) i32, says of each token where its
// document's prefix ends, whose tokens see one another (core/ops/attention.h). For generation keys and values are
// states: a pass adds its tokens', and its queries see all that are there.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/attention.h"

namespace convoy {

struct AttentionOptions {
  std::string name;
  int64_t C = 0, H = 1;  // C: of y, where D does not say it
  int64_t context = 0;   // tokens that the states for generation hold
  float dropout = 0;     // of probabilities
  uint32_t dropout_number = 0;
  int64_t Hkv = 0;           // 0: H
  int64_t D = 0;             // of a head; 0: C / H
  int64_t window = 0;        // tokens that one sees at most, itself among them; 0: all
  bool prefix_ends = false;  // the last input, behind starts where there are such
  bool causal = true;        // false: tokens of a pass see one another, and all that states know
};

class SelfAttention final : public Layer {
 public:
  explicit SelfAttention(AttentionOptions options);

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  enum class Part { q, k, v };
  AttentionShape shape(const Tensor& qkv) const;
  Tensor starts(const std::vector<Tensor>& inputs) const;
  Tensor prefix_ends(const std::vector<Tensor>& inputs) const;
  Heads part(const Tensor& packed, Part which) const;
  void forward_cached(Pass& pass, const LayerTensors& t) const;

  AttentionOptions o_;
};

}  // namespace convoy
