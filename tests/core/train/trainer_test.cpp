// Whole runs of a small model on ranks that are threads: what may not change a bit, does not.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/optimizer/makers.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::gpt2_of;
using test::toy_config;
using test::toy_run;
using test::ToyResult;

void expect_equal_bits(const ToyResult& a, const ToyResult& b) {
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.grad_norms, b.grad_norms);
  EXPECT_TRUE(a.weights == b.weights) << "weights differ";
  ASSERT_EQ(a.evaluations.size(), b.evaluations.size());
  for (size_t i = 0; i < a.evaluations.size(); ++i) EXPECT_EQ(a.evaluations[i].loss, b.evaluations[i].loss);
}

TEST(Trainer, TheRankCountChangesNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16})
    for (const double dropout : {0.0, 0.2}) {
      Config config = toy_config();
      config.precision = precision;
      test::gpt2_of(config).dropout = dropout;
      const ToyResult one = toy_run(config, 1);
      for (const int ranks : {2, 4}) {
        SCOPED_TRACE(testing::Message() << ranks << " ranks, dropout " << dropout);
        expect_equal_bits(one, toy_run(config, ranks));
      }
    }
}

TEST(Trainer, BucketsAndRecomputationChangeNoBit) {
  Config config = toy_config();
  const ToyResult expected = toy_run(config, 2);
  config.parallel.bucket_bytes = 1 << 20;
  expect_equal_bits(expected, toy_run(config, 2));
  config.train.recompute = Recompute::block;
  expect_equal_bits(expected, toy_run(config, 2));
}

// With 4 micro-batches a step, 4 ranks have one pass each and reduce every bucket's gradients away; 2 ranks accumulate.
TEST(Trainer, ShardingChangesNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Config config = toy_config();
    config.precision = precision;
    test::gpt2_of(config).dropout = 0.1;
    config.batch.micro = 4;
    const ToyResult one = toy_run(config, 1);
    for (const int ranks : {1, 2, 4})
      for (const int64_t stage : {1, 2, 3})
        for (const int64_t bucket_bytes : {4096, 1 << 20})
          for (const Recompute recompute : {Recompute::none, Recompute::block}) {
            SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks, " << bucket_bytes);
            config.parallel.stage = stage;
            config.parallel.bucket_bytes = bucket_bytes;
            config.train.recompute = recompute;
            expect_equal_bits(one, toy_run(config, ranks));
          }
    config.parallel.stage = 0;
  }
}

// 3 does not divide what there is to divide; 6 virtual ranks fit 3 and 6 ranks.
TEST(Trainer, ShardingOverThreeSixAndEightRanksChangesNoBit) {
  using Ranks = std::vector<int>;
  for (const auto& [virtual_ranks, counts, precision] :
       {std::tuple(6, Ranks{3, 6}, Precision::f32), std::tuple(8, Ranks{2, 4, 8}, Precision::f32),
        std::tuple(8, Ranks{2, 4, 8}, Precision::bf16)}) {
    Config config = toy_config();
    config.precision = precision;
    config.parallel.virtual_ranks.value = virtual_ranks;
    config.batch = {.micro = 1, .global = 3 * virtual_ranks};
    if (virtual_ranks == 8) config.batch.global = 8;
    const ToyResult one = toy_run(config, 1);
    for (const int ranks : counts)
      for (const int64_t stage : {0, 1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
        config.parallel.stage = stage;
        expect_equal_bits(one, toy_run(config, ranks));
      }
  }
}

// Groups of ranks that each hold a whole copy of the state between them.
TEST(Trainer, ShardingInsideGroupsChangesNoBit) {
  Config config = toy_config();
  config.parallel.virtual_ranks.value = 8;
  config.batch = {.micro = 2, .global = 16};
  for (const GradientDType dtype : {GradientDType::f32, GradientDType::bf16}) {
    config.parallel.gradient_dtype = dtype;
    config.parallel.stage = 0;
    const ToyResult one = toy_run(config, 1);
    for (const auto& [ranks, group] : {std::pair(4, 2), std::pair(8, 2), std::pair(8, 4)})
      for (const int64_t stage : {1, 2, 3}) {
        SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks in groups of " << group);
        config.parallel.stage = stage;
        config.parallel.shard_ranks.value = group;
        const ToyResult found = toy_run(config, ranks);
        expect_equal_bits(one, found);
        EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
      }
  }
}

TEST(Trainer, RefusesGroupsThatDoNotFit) {
  Config config = toy_config();
  config.parallel.stage = 1;
  config.parallel.virtual_ranks.value = 6;
  config.batch = {.micro = 1, .global = 6};
  config.parallel.shard_ranks.value = 4;
  EXPECT_THROW(toy_run(config, 6), ConfigError);
  config.parallel.shard_ranks.value = 3;  // half of the sum's left subtree
  EXPECT_THROW(toy_run(config, 6), ConfigError);
  config.parallel.shard_ranks.value = 2;
  EXPECT_EQ(toy_run(config, 6).losses, toy_run(config, 1).losses);
}

TEST(Trainer, GradientsSentInBf16ChangeNoBitWithTheRanks) {
  Config config = toy_config();
  config.batch.micro = 4;
  const ToyResult other = toy_run(config, 1);
  config.parallel.gradient_dtype = GradientDType::bf16;
  const ToyResult one = toy_run(config, 1);
  EXPECT_FALSE(one.weights == other.weights) << "nothing was rounded";
  for (const int ranks : {2, 4})
    for (const int64_t stage : {0, 1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
      config.parallel.stage = stage;
      expect_equal_bits(one, toy_run(config, ranks));
    }
}

TEST(Trainer, IgnoredTargetsChangeNoBitWithTheRanks) {
  Config config = toy_config();
  config.batch.micro = 4;
  const test::ToyParts parts{.ignored = [](int64_t sample, int64_t t) { return (sample * 7 + t * t) % 5 < 2; }};
  const ToyResult one = toy_run(config, 1, parts);
  for (const int ranks : {2, 4})
    for (const int64_t stage : {0, 1, 3}) {
      SCOPED_TRACE(testing::Message() << ranks << " ranks, stage " << stage);
      config.parallel.stage = stage;
      expect_equal_bits(one, toy_run(config, ranks, parts));
    }
}

TEST(Trainer, TargetsThatCouldBeIgnoredAndAreNotChangeNoBit) {
  const test::ToyParts parts{.ignored = [](int64_t, int64_t) { return false; }};
  expect_equal_bits(toy_run(toy_config(), 2), toy_run(toy_config(), 2, parts));
}

// Of eight samples the last four are ignored: that is a batch of the first four.
TEST(Trainer, WhatIsIgnoredWeighsNothing) {
  Config config = toy_config();
  config.parallel.virtual_ranks.value = 1;
  config.batch = {.micro = 8, .global = 8};
  const ToyResult half = toy_run(config, 1, {.ignored = [](int64_t sample, int64_t) { return sample % 8 >= 4; }});
  config.batch = {.micro = 4, .global = 4};
  const ToyResult whole = toy_run(config, 1, {.sample_at = [](int64_t i) { return i / 4 * 8 + i % 4; }});
  ASSERT_EQ(half.losses.size(), whole.losses.size());
  for (size_t i = 0; i < half.losses.size(); ++i) {
    EXPECT_NEAR(half.losses[i], whole.losses[i], 1e-5) << "step " << i;
    EXPECT_NEAR(half.grad_norms[i], whole.grad_norms[i], 1e-4) << "step " << i;
  }
}

TEST(Trainer, AStepWithoutTargetsChangesNoWeight) {
  Config config = toy_config();
  config.train.steps = 1;
  const ToyResult result = toy_run(config, 2, {.ignored = [](int64_t, int64_t) { return true; }});
  EXPECT_FALSE(std::isfinite(result.grad_norms.at(0)));
  EXPECT_TRUE(std::isfinite(result.evaluations.at(0).loss)) << "the weights are still the initial ones";
}

// 13 sequences are six micro-batches of two and one: all of them count once, on any number of ranks.
TEST(Trainer, EvaluatesThePartialBatchToo) {
  Config config = toy_config();
  config.evaluate.batches = 100;
  const ToyResult whole = toy_run(config, 1, {.validation_samples = 13});
  EXPECT_EQ(whole.evaluations.at(0).tokens, 13 * test::gpt2_of(config).context);
  expect_equal_bits(whole, toy_run(config, 4, {.validation_samples = 13}));
  config.batch.micro = 1;  // no batch is partial
  config.train.steps = 1;
  const double one_by_one = toy_run(config, 1, {.validation_samples = 13}).evaluations.at(0).loss;
  config.batch.micro = 4;
  EXPECT_NEAR(toy_run(config, 1, {.validation_samples = 13}).evaluations.at(0).loss, one_by_one, 1e-5);
  EXPECT_NEAR(toy_run(config, 1, {.validation_samples = 3}).evaluations.at(0).tokens, 3 * test::gpt2_of(config).context,
              0);
}

TEST(Trainer, TrainsWithoutAValidationSplit) {
  const ToyResult result = toy_run(toy_config(), 2, {.validation_samples = 0});
  EXPECT_TRUE(result.evaluations.empty());
  EXPECT_EQ(result.planned_bytes, result.allocated_bytes);
}

TEST(Trainer, Learns) {
  Config config = toy_config();
  config.train.steps = 400;
  config.optimizer.kind.as<AdamWMaker>()->lr = 1e-2;
  const ToyResult result = toy_run(config, 1);
  EXPECT_GT(result.losses.front(), 3.0);  // log 29 = 3.37
  EXPECT_LT(result.losses.back(), 1.0);
}

TEST(Trainer, EvaluatesAtTheEndAndWhenDue) {
  Config config = toy_config();
  config.evaluate.every_steps = 5;
  const ToyResult result = toy_run(config, 1);
  ASSERT_EQ(result.evaluations.size(), 3u);
  EXPECT_EQ(result.evaluations[0].step, 5);
  EXPECT_EQ(result.evaluations[1].step, 10);
  EXPECT_EQ(result.evaluations[2].step, 12);
  EXPECT_EQ(result.evaluations[2].tokens, 5 * 2 * 12);
}

TEST(Trainer, WithoutEvaluationTheBitsAreTheSameAndThePlanToo) {
  Config config = toy_config();
  const ToyResult evaluated = toy_run(config, 1);
  config.evaluate.batches = 0;
  const ToyResult result = toy_run(config, 1);
  EXPECT_EQ(evaluated.evaluations.size(), 1u);
  EXPECT_TRUE(result.evaluations.empty());
  EXPECT_EQ(result.losses, evaluated.losses);
  EXPECT_EQ(result.weights, evaluated.weights);
  EXPECT_EQ(result.allocated_bytes, result.planned_bytes);
  EXPECT_LT(result.allocated_bytes, evaluated.allocated_bytes);
}

TEST(Trainer, AllocatesNothingAfterTheFirstStepAndExactlyWhatWasPlanned) {
  for (const int ranks : {1, 2, 4})
    for (const int64_t stage : {0, 1, 2, 3}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << ", " << ranks << " ranks");
      Config config = toy_config();
      config.batch.micro = 4;
      config.parallel.stage = stage;
      const ToyResult result = toy_run(config, ranks);
      EXPECT_EQ(result.allocations_after_first_step, 0);
      EXPECT_EQ(result.allocated_bytes, result.planned_bytes);
    }
}

}  // namespace
}  // namespace convoy
