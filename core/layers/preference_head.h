// The loss of direct preference optimisation (core/ops/preference.h) with the vocabulary's product: x (2B, T, C) of
// which rows 2b and 2b + 1 are the chosen and the rejected answer of a pair, targets (2B * T), negative where a token
// is no part of an answer, reference (B, 2) f32, the log-probabilities of both under the reference model -> losses (B)
// f32, their weights (B) f32, which are 1, rewards (B, 2) f32 of both answers and their log-probabilities (B, 2) f32.
// The weight (V, C) is the token embedding where weights are tied.
//
// Logits are computed in chunks of rows as LanguageModelHead's are, with as many columns, of whole pairs where those
// fit. How much a gradient counts is known when both answers have been read: dx is scaled by it once it is there. The
// weight's gradient wants it before, so where a pair has several chunks its logits are computed a second time.
#pragma once

#include "core/layers/language_model_head.h"

namespace convoy {

struct PreferenceHeadOptions {
  LanguageModelHeadOptions head;
  float beta = 0.1f, label_smoothing = 0;
  size_t chunk_bytes = 0;  // of logits at a time; 0: as many as the device prefers
};

class PreferenceHead final : public Layer {
 public:
  // Of its outputs.
  static constexpr size_t kLosses = 0, kWeights = 1, kRewards = 2, kLogProbabilities = 3;

  explicit PreferenceHead(PreferenceHeadOptions options) : o_(std::move(options)) {}

  LayerPlan plan(std::span<const TensorSpec> inputs, Purpose purpose) const override;
  void forward(Pass& pass, const LayerTensors& t) const override;
  void backward(Pass& pass, const LayerTensors& t) const override;

 private:
  class Work;

  PreferenceHeadOptions o_;
};

}  // namespace convoy
