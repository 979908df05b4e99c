#include "core/layers/preference_head.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/error.h"
#include "tests/support/check_layer.h"

namespace convoy::test {
namespace {

constexpr int64_t kPairs = 3, kTokens = 5, kChannels = 8, kVocabulary = 13;

struct PreferenceCase {
  double beta = 0.5, label_smoothing = 0;
  size_t chunk_bytes = size_t{1} << 20;
};

double log_sigmoid_of(double x) { return -std::log1p(std::exp(-x)); }

// Answers begin in the middle of a sequence, and one ends before it does.
bool counts_at(int64_t row, int64_t t) { return t >= 1 + row % 2 && !(row == 3 && t == 4); }
int64_t target_at(int64_t row, int64_t t) { return counts_at(row, t) ? (row * 5 + t * 7) % kVocabulary : -1; }

double log_probability_of(const Values& x, const Values& w, int64_t row) {
  double sum = 0;
  for (int64_t t = 0; t < kTokens; ++t) {
    if (!counts_at(row, t)) continue;
    Values logits;
    double all = 0;
    for (int64_t v = 0; v < kVocabulary; ++v) {
      double logit = 0;
      for (int64_t c = 0; c < kChannels; ++c)
        logit +=
            x[static_cast<size_t>((row * kTokens + t) * kChannels + c)] * w[static_cast<size_t>(v * kChannels + c)];
      logits.push_back(logit);
      all += std::exp(logit);
    }
    sum += logits[static_cast<size_t>(target_at(row, t))] - std::log(all);
  }
  return sum;
}

// As TRL's DPOTrainer has it (loss_type sigmoid, label_smoothing).
std::vector<Values> losses_of(const PreferenceCase& c, const std::vector<Values>& inputs,
                              const std::vector<Values>& weights) {
  Values losses, rewards, log_probabilities;
  for (int64_t pair = 0; pair < kPairs; ++pair) {
    const auto at = static_cast<size_t>(2 * pair);
    const double chosen = log_probability_of(inputs[0], weights[0], 2 * pair);
    const double rejected = log_probability_of(inputs[0], weights[0], 2 * pair + 1);
    const double logits = (chosen - rejected) - (inputs[2][at] - inputs[2][at + 1]);
    log_probabilities.insert(log_probabilities.end(), {chosen, rejected});
    rewards.insert(rewards.end(), {c.beta * (chosen - inputs[2][at]), c.beta * (rejected - inputs[2][at + 1])});
    losses.push_back(-log_sigmoid_of(c.beta * logits) * (1 - c.label_smoothing) -
                     log_sigmoid_of(-c.beta * logits) * c.label_smoothing);
  }
  return {losses, Values(losses.size(), 1), rewards, log_probabilities};
}

PreferenceHead head_of(const PreferenceCase& c) {
  return PreferenceHead({.head = {"lm_head.weight", kVocabulary, kChannels},
                         .beta = static_cast<float>(c.beta),
                         .label_smoothing = static_cast<float>(c.label_smoothing),
                         .chunk_bytes = c.chunk_bytes});
}

std::vector<TensorSpec> preference_inputs() {
  return {
      {DType::f32, {2 * kPairs, kTokens, kChannels}}, {DType::i32, {2 * kPairs, kTokens}}, {DType::f32, {kPairs, 2}}};
}

TEST(PreferenceHeadLayer, MatchesItsReference) {
  // Chunks of 4 rows end within a sequence, those of 21 hold two pairs and a row.
  for (const PreferenceCase& c :
       {PreferenceCase{}, PreferenceCase{.beta = 0.1, .label_smoothing = 0.25},
        PreferenceCase{.chunk_bytes = 4 * kVocabulary * 4}, PreferenceCase{.chunk_bytes = 21 * kVocabulary * 4}}) {
    const PreferenceHead layer = head_of(c);
    check_layer({.layer = layer,
                 .inputs = preference_inputs(),
                 .reference = [&](const std::vector<Values>& inputs, const std::vector<Values>& weights,
                                  bool) { return losses_of(c, inputs, weights); },
                 .integers =
                     [](int) {
                       Values targets;
                       for (int64_t row = 0; row < 2 * kPairs; ++row)
                         for (int64_t t = 0; t < kTokens; ++t)
                           targets.push_back(static_cast<double>(target_at(row, t)));
                       return targets;
                     },
                 .dtypes = {DType::f32}});
  }
}

TEST(PreferenceHeadLayer, RefusesWhatAreNoPairs) {
  std::vector<TensorSpec> inputs = preference_inputs();
  inputs[2].shape = {2 * kPairs, 1};
  EXPECT_THROW(head_of({}).plan(inputs, Purpose::training), ConfigError);
}

}  // namespace
}  // namespace convoy::test
