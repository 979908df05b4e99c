// Chooses the next token from logits: temperature, top-k (Fan et al., arXiv:1805.04833), top-p (Holtzman et al.,
// arXiv:1904.09751). A function of (logits, options, position): the same text for the same seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace convoy {

struct SamplingOptions {
  double temperature = 1.0;  // 0: the most likely token
  int64_t top_k = 0;         // 0: all
  double top_p = 1.0;
  uint64_t seed = 1;
  std::vector<bool> drawable;  // by token: those that may be chosen; empty: all
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options) : options_(options) {}

  // position: of the token to choose, counted from the first generated one. Throws CheckpointError if a logit is not
  // finite: the weights are those of a run that diverged.
  int32_t choose(std::span<const float> logits, int64_t position);

 private:
  bool drawable(size_t token) const { return options_.drawable.empty() || options_.drawable.at(token); }

  SamplingOptions options_;
  std::vector<int32_t> order_;
  std::vector<double> weights_;
};

}  // namespace convoy
