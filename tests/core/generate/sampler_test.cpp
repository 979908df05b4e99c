#include "core/generate/sampler.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace convoy {
namespace {

constexpr std::array<float, 5> kLogits{0.0f, 2.0f, 1.0f, -1.0f, 1.5f};

std::array<int, 5> counts(const SamplingOptions& options, int draws) {
  Sampler sampler(options);
  std::array<int, 5> counted{};
  for (int i = 0; i < draws; ++i) ++counted[static_cast<size_t>(sampler.choose(kLogits, i))];
  return counted;
}

TEST(Sampler, TemperatureZeroTakesTheMostLikely) { EXPECT_EQ(counts({.temperature = 0}, 10)[1], 10); }

TEST(Sampler, FollowsTheSoftmax) {
  const auto counted = counts({}, 20000);
  double total = 0;
  for (const float logit : kLogits) total += std::exp(static_cast<double>(logit));
  for (size_t i = 0; i < 5; ++i)
    EXPECT_NEAR(counted[i] / 20000.0, std::exp(static_cast<double>(kLogits[i])) / total, 0.012) << i;
}

TEST(Sampler, TopKAndTopPLeaveOutTheUnlikely) {
  const auto k = counts({.top_k = 2}, 2000);
  EXPECT_EQ(k[0] + k[2] + k[3], 0);
  EXPECT_GT(k[4], 0);
  const auto p = counts({.top_p = 0.5}, 2000);  // probabilities 0.44, 0.27, ...: the first two
  EXPECT_EQ(p[0] + p[2] + p[3], 0);
  EXPECT_GT(p[4], 0);
}

TEST(Sampler, MinPLeavesOutWhatIsFarLessLikelyThanTheLikeliest) {
  const auto p = counts({.min_p = 0.5}, 2000);  // of 1, exp(-0.5), exp(-1), exp(-2), exp(-3)
  EXPECT_EQ(p[0] + p[2] + p[3], 0);
  EXPECT_GT(p[4], 0);
  EXPECT_EQ(counts({.temperature = 2, .min_p = 0.5}, 2000)[3], 0) << "after the temperature";
  EXPECT_GT(counts({.temperature = 2, .min_p = 0.5}, 2000)[2], 0);
}

TEST(Sampler, RepetitionPenaltyLowersWhatWasThereBefore) {
  const std::array<int32_t, 3> before{1, 1, 3};
  Sampler sampler({.temperature = 0, .repetition_penalty = 1.5});
  EXPECT_EQ(sampler.choose(kLogits, 0), 1);
  EXPECT_EQ(sampler.choose(kLogits, 0, before), 4) << "2 / 1.5 is below 1.5, once and not twice";
  constexpr std::array<float, 2> below{-1.0f, -1.2f};
  const std::array<int32_t, 1> first{0};
  EXPECT_EQ(Sampler({.temperature = 0, .repetition_penalty = 1.5}).choose(below, 0, first), 1);
}

TEST(Sampler, IsAFunctionOfSeedAndPosition) {
  Sampler a({.seed = 5}), b({.seed = 5}), c({.seed = 6});
  int same_as_c = 0;
  for (int i = 0; i < 100; ++i) {
    const int32_t chosen = a.choose(kLogits, i);
    EXPECT_EQ(chosen, b.choose(kLogits, i));
    same_as_c += chosen == c.choose(kLogits, i) ? 1 : 0;
  }
  EXPECT_LT(same_as_c, 80);
}

// The second most likely and the least likely, whatever else is asked for.
TEST(Sampler, WhatMayNotBeDrawnNeverIs) {
  const std::vector<bool> drawable{false, false, false, true, true};
  EXPECT_EQ(counts({.temperature = 0, .drawable = drawable}, 10)[4], 10);
  EXPECT_EQ(counts({.top_k = 1, .drawable = drawable}, 10)[4], 10);
  const auto found = counts({.drawable = drawable}, 5000);
  EXPECT_EQ(found[0] + found[1] + found[2], 0);
  EXPECT_NEAR(found[3] / 5000.0, 1 / (1 + std::exp(2.5)), 0.02);
  EXPECT_THROW(counts({.drawable = std::vector<bool>(5, false)}, 1), InternalError);
}

TEST(Sampler, LogitsThatAreNotFiniteAreABadCheckpoint) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()})
    for (const double temperature : {0.0, 1.0})
      for (size_t place = 0; place < kLogits.size(); ++place) {
        std::array<float, 5> logits = kLogits;
        logits[place] = bad;
        EXPECT_THROW(Sampler({.temperature = temperature}).choose(logits, 0), CheckpointError) << bad << place;
      }
}

}  // namespace
}  // namespace convoy
