#include "core/generate/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/philox.h"

namespace convoy {

static double uniform(uint64_t seed, int64_t position) {
  const auto index = static_cast<uint64_t>(position);
  const PhiloxCounter bits = philox(
      philox_key(seed),
      {0, random_stream(RandomSite::generation, 0), static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)});
  return (static_cast<double>(bits[0]) * 0x1p32 + static_cast<double>(bits[1])) * 0x1p-64;
}

static void check_finite(std::span<const float> logits, int64_t position) {
  const auto bad = std::find_if(logits.begin(), logits.end(), [](float logit) { return !std::isfinite(logit); });
  if (bad == logits.end()) return;
  throw CheckpointError(
      fmt::format("the logits of token {} are not finite (that of entry {} is {}): the model has diverged; take an "
                  "earlier checkpoint, or train again with a lower optimizer.lr",
                  position + 1, bad - logits.begin(), *bad));
}

// Each token once, however often it was there.
std::span<const float> Sampler::without_repetition(std::span<const float> logits, std::span<const int32_t> before) {
  if (options_.repetition_penalty == 1.0) return logits;
  lowered_.assign(logits.begin(), logits.end());
  const auto penalty = static_cast<float>(options_.repetition_penalty);
  for (const int32_t token : before) {
    if (token < 0 || static_cast<size_t>(token) >= logits.size()) continue;
    const float logit = logits[static_cast<size_t>(token)];
    lowered_[static_cast<size_t>(token)] = logit > 0 ? logit / penalty : logit * penalty;
  }
  return lowered_;
}

int32_t Sampler::choose(std::span<const float> raw, int64_t position, std::span<const int32_t> before) {
  check_finite(raw, position);
  const std::span<const float> logits = without_repetition(raw, before);
  order_.clear();
  for (size_t token = 0; token < logits.size(); ++token)
    if (drawable(token)) order_.push_back(static_cast<int32_t>(token));
  if (order_.empty()) throw InternalError("there is no token that may be chosen");
  const auto more_likely = [&](int32_t a, int32_t b) {
    const float la = logits[static_cast<size_t>(a)], lb = logits[static_cast<size_t>(b)];
    return la != lb ? la > lb : a < b;
  };
  if (options_.temperature <= 0) return *std::min_element(order_.begin(), order_.end(), more_likely);
  std::sort(order_.begin(), order_.end(), more_likely);
  const float best = logits[static_cast<size_t>(order_.front())];
  if (options_.top_k > 0) order_.resize(std::min(order_.size(), static_cast<size_t>(options_.top_k)));
  weights_.clear();
  double total = 0;
  for (const int32_t token : order_) {
    const double scaled = static_cast<double>(logits[static_cast<size_t>(token)] - best) / options_.temperature;
    weights_.push_back(std::exp(scaled));
    total += weights_.back();
  }
  double kept = 0;  // the smallest set of tokens whose probability reaches top_p
  size_t count = 0;
  while (count < weights_.size() && (count == 0 || kept < options_.top_p * total)) kept += weights_[count++];
  // The likeliest one's weight is 1.
  while (count > 1 && weights_[count - 1] < options_.min_p) kept -= weights_[--count];
  double left = uniform(options_.seed, position) * kept;
  for (size_t i = 0; i + 1 < count; ++i) {
    left -= weights_[i];
    if (left < 0) return order_[i];
  }
  return order_[count - 1];
}

}  // namespace convoy
