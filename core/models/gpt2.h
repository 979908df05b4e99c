// GPT-2, Radford et al., "Language Models are Unsupervised Multitask Learners" (2019): pre-norm transformer decoder
// with learned positions, biases, GELU (tanh) and an output tied to the token embedding. Parameter names and layouts
// are those of Hugging Face's GPT2LMHeadModel, so that a checkpoint is a plain dump.
#pragma once

#include "core/graph/graph.h"
#include "core/models/loss.h"

namespace convoy {

struct Gpt2Config {
  int64_t layers = 12, heads = 12, channels = 768, context = 1024, vocabulary = 50257;
  double dropout = 0;
  DType dtype = DType::f32;
};

// Inputs "tokens" and "targets" (B, T) i32; the result is the loss of every token and its weight, (B * T) f32 each.
// documents: a third, "starts" (B, T) i32, says of each token where its document begins, at which attention stops and
// from which positions count.
// preference: "tokens" and "targets" are pairs, (B, 2, T), the third is "reference" (B, 2) f32
// (core/models/preference.h), and the result is the loss of every pair and its weight, (B) f32 each.
Graph gpt2_loss_graph(const Gpt2Config& config, int64_t B, int64_t T, bool documents = false,
                      const Preference* preference = nullptr);

// Input "tokens" (B, T) i32; the result is the last token's logits (B, V). Runs with a key-value cache of `kept`
// tokens; 0: of the whole context.
Graph gpt2_logits_graph(const Gpt2Config& config, int64_t B, int64_t T, int64_t kept = 0);

}  // namespace convoy
