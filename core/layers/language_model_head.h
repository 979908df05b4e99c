// Next-token loss with the vocabulary's product: x (B, T, C), targets (B, T) -> losses (B * T) f32, in nats, and their
// weights (B * T) f32: 1, or 0 where a target is negative, which then is ignored.
// The weight (V, C) is the token embedding where weights are tied.
//
// Where the device wants rows of a multiple of some elements (PreferredMatrices::column_unit) and V is none, logits
// have further columns, of weights that are 0 and with gradients that are 0. They are so in scratch alone, in a copy of
// the weight for each pass: parameters, gradients and checkpoints have V rows. For V = 50257, C = 768 in bf16 on CUDA
// that is 77 MB of scratch, and 154 MB read and written.
//
// Logits are computed, turned into losses and into their own gradients in chunks of rows (PreferredMatrices), in place:
// the whole (B * T, V) need never exist. Each chunk adds to all of dweight: on CUDA, of 8192 rows and V = 50257, C =
// 768, 2 x 154 MB for 3 x 0.63 TFLOP. Gradients need the logits anyway, so a training pass computes loss, dx and
// dweight together.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

struct LanguageModelHeadOptions {
  std::string weight;  // parameter name
  int64_t V = 0, C = 0;
  float stddev = 0.02f;
};

// The vocabulary's table, of every head.
std::vector<ParameterSpec> head_parameters(const LanguageModelHeadOptions& options);

class LanguageModelHead final : public Layer {
 public:
  explicit LanguageModelHead(LanguageModelHeadOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  // Absent gradients are not computed.
  void run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dweight) const;

  LanguageModelHeadOptions o_;
};

// Logits of the last token alone: x (B, T, C) -> (B, V), for generation.
class LastLogits final : public Layer {
 public:
  explicit LastLogits(LanguageModelHeadOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;  // throws: generation only

 private:
  LanguageModelHeadOptions o_;
};

}  // namespace convoy
