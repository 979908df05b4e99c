// Llama, Touvron et al., arXiv:2302.13971, and its relatives Mistral, Qwen2, Qwen3, GLM and GLM-4: pre-norm transformer
// decoder with RMS norm, rotary positions, grouped queries and a gated feed-forward half. Parameters are stored under
// the names and in the layouts that Hugging Face has for each, so that a checkpoint is a plain dump.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/graph/graph.h"
#include "core/models/loss.h"
#include "core/models/rotary_positions.h"

namespace convoy {

// Which tokens one sees: those before it; or, if it is of the prompt with which its text begins, all of the prompt
// (the prefix LM of T5, arXiv:1910.10683, and GLM, arXiv:2103.10360).
enum class AttentionMask : uint8_t { causal, prefix };
constexpr auto enum_names(AttentionMask) {
  using Name = std::pair<std::string_view, AttentionMask>;
  return std::array{Name{"causal", AttentionMask::causal}, Name{"prefix", AttentionMask::prefix}};
}

struct LlamaConfig {
  int64_t layers = 4, heads = 4, kv_heads = 4, head_dim = 32, channels = 128;
  int64_t hidden = 384;  // of the feed-forward half
  int64_t context = 64, vocabulary = 0;
  double norm_eps = 1e-5;
  RotaryPositions rotary = {};
  bool qkv_bias = false;                            // as Qwen2
  bool qk_norm = false;                             // of each head, as Qwen3
  bool post_norms = false;                          // of what a branch adds, as GLM-4
  bool tied = false;                                // the head is the token embedding
  int64_t window = 0;                               // tokens that one sees at most, as Mistral; 0: all
  std::vector<int64_t> window_layers = {};          // that have it; empty: all
  AttentionMask attention = AttentionMask::causal;  // prefix: without a window
  DType dtype = DType::f32;

  bool has_window(int64_t layer) const;
};

// Which of the peer's models a config is. `none`: none of them computes the same.
enum class LlamaKind : uint8_t { none, llama, mistral, qwen2, qwen3, glm, glm4 };
LlamaKind kind_of(const LlamaConfig& config);

// Inputs "tokens" and "targets" (B, T) i32; the result is the loss of every token and its weight, (B * T) f32 each.
// documents: a third, "starts" (B, T) i32, says of each token where its document begins, at which attention stops and
// from which positions count.
// Prefix attention: one more, "prefix_ends", shaped as the tokens, says of each where the prompt with which its
// document begins ends, exclusive; of tokens behind it anything that is no further than themselves.
//
// preference: "tokens" and "targets" are pairs, (B, 2, T), the third is "reference" (B, 2) f32
// (core/models/preference.h), and the result is the loss of every pair and its weight, (B) f32 each.
Graph llama_loss_graph(const LlamaConfig& config, int64_t B, int64_t T, bool documents = false,
                       const Preference* preference = nullptr);

// Input "tokens" (B, T) i32; the result is the last token's logits (B, V). Runs with a key-value cache of `kept`
// tokens; 0: of the whole context. With prefix attention several tokens are a prompt: they see one another.
Graph llama_logits_graph(const LlamaConfig& config, int64_t B, int64_t T, int64_t kept = 0);

}  // namespace convoy
