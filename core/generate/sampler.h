// Chooses the next token from logits: temperature, top-k (Fan et al., arXiv:1805.04833), top-p (Holtzman et al.,
// arXiv:1904.09751), min-p (Nguyen et al., arXiv:2407.01082), repetition penalty (Keskar et al., arXiv:1909.05858). A
// function of (logits, tokens before, options, position): the same text for the same seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convoy {

struct SamplingOptions {
  double temperature = 1.0;  // 0: the most likely token
  int64_t top_k = 0;         // 0: all
  double top_p = 1.0;
  double min_p = 0.0;               // of the likeliest token's probability, which a token must have; 0: all may
  double repetition_penalty = 1.0;  // divides logits above 0, and multiplies those below, of tokens that were there
  uint64_t seed = 1;
  std::vector<bool> drawable;  // by token: those that may be chosen; empty: all
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options) : options_(options) {}

  // position: of the token to choose, counted from the first generated one. before: tokens of the text so far. Throws
  // CheckpointError if a logit is not finite: the weights are those of a run that diverged.
  int32_t choose(std::span<const float> logits, int64_t position, std::span<const int32_t> before = {});

 private:
  bool drawable(size_t token) const { return options_.drawable.empty() || options_.drawable.at(token); }

  SamplingOptions options_;
  std::span<const float> without_repetition(std::span<const float> logits, std::span<const int32_t> before);

  std::vector<float> lowered_;  // logits of tokens that were there before are lower
  std::vector<int32_t> order_;
  std::vector<double> weights_;
};

}  // namespace convoy
