// Scaled dot-product attention that never stores the (T, T) matrix: online softmax over tiles, after FlashAttention-2,
// Dao, arXiv:2307.08691. Grouped-query: query head h reads key head h / (H / Hkv), arXiv:2305.13245.
//
//   scores = scale q k^T, masked; y = softmax(scores) v
//
// q (B, Tq, H, D); k, v (B, Tk, Hkv, D). Each is a view with its own strides, so that the packed (B, T, 3C) output of
// one product, or a key-value cache, is read in place. Within a token, heads are dense: head h starts at h * D.
// causal: query i of Tq sees keys j <= i + Tk - Tq. Of these it sees, with a window, the last `window` alone (Child et
// al., arXiv:1904.10509; Mistral), and none before its document's first, which `starts` says. Prefix attention (T5's
// prefix LM, Raffel et al., arXiv:1910.10683; GLM, Du et al., arXiv:2103.10360): of its document's prefix, whose end
// `prefix_ends` says, a query sees the keys behind it too.
// Dropout of probabilities (GPT-2): index of the generator as in dropout.h with rows (b, h, i): rows_per_sample = H Tq,
// element = j.
#pragma once

#include "core/ops/dropout.h"
#include "core/tensor/tensor.h"

namespace convoy {

inline constexpr int kAttentionMaxD = 256;  // on every device

struct Heads {
  void* data = nullptr;
  int64_t token_stride = 0;   // elements from one token to the next
  int64_t sample_stride = 0;  // elements from one sample to the next
};

struct AttentionShape {
  int64_t B = 0, Tq = 0, Tk = 0, H = 0, Hkv = 0, D = 0;
  DType dtype = DType::f32;
  bool causal = true;
  float scale = 0;     // 1 / sqrt(D) as a rule
  int64_t window = 0;  // keys that a query sees at most, itself among them; 0: all. Only where causal
};

struct AttentionForward {
  AttentionShape shape;
  Heads y;           // (B, Tq, H, D), written
  Tensor logsumexp;  // (B, H, Tq) f32 of scaled scores, written; absent: not kept
  Heads q, k, v;
  Dropout dropout;
  // i64 on the device, of the first query, (1) of all samples or (B) of each: then only the first position + Tq of the
  // Tk keys exist, as in a cache with room for Tk tokens. Absent: all do.
  Tensor position;
  // (B, Tq) i32: of each query the first key that it sees, not falling within a sample; absent: key 0.
  Tensor starts;
  // (B, Tq) i32: of each query the end, exclusive, of the keys that it sees though they may lie behind it, at most Tk;
  // with max(i + Tk - Tq + 1, prefix_ends[b, i]) not falling within a sample. What is no more than i + Tk - Tq + 1,
  // such as 0, adds nothing. Absent: causal. Only where causal, without a window and without `position`.
  Tensor prefix_ends;
};

// to[b, position[b] + t] = from[b, t]: tokens [0, T) of B samples join a cache, `width` elements each.
struct CacheAppend {
  Heads to, from;
  int64_t B = 0, T = 0, width = 0;
  DType dtype = DType::f32;
  Tensor position;  // i64 on the device, (1) or (B); position + T must not pass the cache's end
};

struct AttentionBackward {
  AttentionShape shape;
  Heads dq, dk, dv;  // written
  Heads dy, y, q, k, v;
  Tensor logsumexp;  // (B, H, Tq)
  Dropout dropout;
  Tensor starts, prefix_ends;  // as in forward
};

}  // namespace convoy
