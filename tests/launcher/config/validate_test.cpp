#include "launcher/config/validate.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/error.h"
#include "core/models/gpt2_family.h"
#include "core/optimizer/makers.h"
#include "core/optimizer/schedule_makers.h"

namespace convoy {
namespace {

Gpt2Family& gpt2_of(Config& config) { return *config.model.family.as<Gpt2Family>(); }

// The one contradiction that a change to the defaults makes; "" if none.
std::string after(const std::function<void(Config&)>& change) {
  Config config;
  change(config);
  const std::vector<Contradiction> found = find_contradictions(config);
  EXPECT_LE(found.size(), 1u);
  return found.empty() ? "" : found[0].message;
}

void expect_says(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << "'" << message << "' should say '" << part << "'";
}

TEST(Validate, TheDefaultsAreSound) {
  EXPECT_EQ(after([](Config&) {}), "");
}

TEST(Validate, HeadsMustDivideChannels) {
  expect_says(after([](Config& c) { gpt2_of(c).sizes.heads = 6; }),
              "model.heads = 6 does not divide model.channels = 128; the next larger width is 132");
}

TEST(Validate, HeadsHaveALargestWidth) {
  EXPECT_EQ(after([](Config& c) { gpt2_of(c).sizes.channels = 1024; }), "");
  expect_says(after([](Config& c) { gpt2_of(c).sizes.heads = 3, gpt2_of(c).sizes.channels = 1536; }),
              "512 channels a head; at most 256 are computed, so write model.heads=6 or more");
}

TEST(Validate, SizesMustBePositive) {
  expect_says(after([](Config& c) { gpt2_of(c).sizes.heads = 0; }), "model.heads = 0; at least 1");
  expect_says(after([](Config& c) { gpt2_of(c).sizes.context = -1; }), "model.context = -1");
  expect_says(after([](Config& c) { gpt2_of(c).tokens.value = 0; }), "model.vocabulary = 0");
  expect_says(after([](Config& c) { c.batch.micro = 0; }), "batch.micro = 0");
  expect_says(after([](Config& c) { c.train.steps = 0; }), "train.steps = 0");
  expect_says(after([](Config& c) { c.parallel.threads.value = 0; }), "parallel.threads = 0");
  expect_says(after([](Config& c) { c.evaluate.batches = -1; }), "evaluate.batches = -1");
  expect_says(after([](Config& c) { c.log.every_steps = 0; }), "log.every_steps = 0");
}

TEST(Validate, RangesOfRealNumbers) {
  expect_says(after([](Config& c) { gpt2_of(c).sizes.dropout = 1.0; }), "model.dropout = 1; less than 1 is wanted");
  expect_says(after([](Config& c) { gpt2_of(c).sizes.dropout = -0.1; }), "model.dropout = -0.1; at least 0 is wanted");
  expect_says(after([](Config& c) { c.optimizer.kind.as<AdamWMaker>()->lr = 0; }),
              "optimizer.lr = 0; at least 1e-30 is wanted");
  expect_says(after([](Config& c) { c.optimizer.kind.as<AdamWMaker>()->beta2 = 1; }), "optimizer.beta2 = 1");
  expect_says(after([](Config& c) { c.schedule.kind.as<CosineMaker>()->final_ratio = 1.5; }),
              "schedule.final_ratio = 1.5");
  EXPECT_EQ(after([](Config& c) { c.schedule.kind.as<CosineMaker>()->final_ratio = 1.0; }), "");
  expect_says(after([](Config& c) { c.train.clip_norm = -1; }), "train.clip_norm = -1; at least 0 is wanted");
}

TEST(Validate, WhatThisVersionLacksIsSaid) {
  expect_says(after([](Config& c) { c.parallel.stage = 4; }), "parallel.stage = 4; at most 3 is wanted");
  expect_says(after([](Config& c) { c.parallel.sentinel_every = -1; }), "parallel.sentinel_every");
}

TEST(Validate, AValueOutOfItsRangeIsNotBlamedTwice) {
  expect_says(after([](Config& c) { gpt2_of(c).sizes.heads = 0; }), "model.heads = 0; at least 1 is wanted");
  expect_says(after([](Config& c) { c.batch.micro = INT64_MAX; }),
              "batch.micro = 9223372036854775807; at most 1e7 is wanted");
  expect_says(after([](Config& c) { c.parallel.virtual_ranks.value = INT64_MIN; }), "parallel.virtual_ranks = -9");
}

TEST(Validate, TheGlobalBatchIsWholePasses) {
  expect_says(after([](Config& c) { c.batch.global = 30; }),
              "batch.global = 30 is not a multiple of batch.micro = 8; the next is 32");
  expect_says(after([](Config& c) { c.parallel.virtual_ranks.value = 3; }),
              "batch.global = 32 is not a multiple of batch.micro x parallel.virtual_ranks = 24; the next is 48");
}

std::string rank_error(const Config& config, int64_t leaves, int ranks) {
  try {
    check_ranks(config, leaves, ranks);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(CheckRanks, TheBatchMustSplitOverTheRanks) {
  const Config config;  // micro 8, global 32
  EXPECT_EQ(rank_error(config, 4, 2), "");
  expect_says(rank_error(config, 3, 3),
              "batch.global = 32 is not a multiple of batch.micro x ranks = 24; the next is 48");
  expect_says(rank_error(config, 8, 2), "batch.micro x virtual ranks = 64; the next is 64");
}

TEST(CheckRanks, VirtualRanksMustSplitOverTheRanks) {
  expect_says(rank_error(Config(), 4, 3), "4 virtual ranks do not split over 3 ranks evenly");
  expect_says(rank_error(Config(), 4, 8), "parallel.virtual_ranks=8");
}

TEST(CheckRanks, VirtualRanksMustBeSummedInTheOrderOfTheTree) {
  Config config;
  config.batch = {.micro = 1, .global = 24};
  expect_says(rank_error(config, 12, 4), "cannot be summed reproducibly by 4 ranks, only by 1, 3, 6, 12");
  config.parallel.reproducible = false;
  EXPECT_EQ(rank_error(config, 12, 4), "");
}

TEST(RankCounts, AreThoseThatTheTrainerTakes) {
  Config config;
  config.batch = {.micro = 1, .global = 24};
  EXPECT_EQ(rank_counts(config, 12), (std::vector<int>{12, 6, 3, 1}));
  EXPECT_EQ(rank_counts(config, 8), (std::vector<int>{8, 4, 2, 1}));
  EXPECT_EQ(rank_counts(config, 5), std::vector<int>());  // 24 samples do not split
  config.parallel.reproducible = false;
  EXPECT_EQ(rank_counts(config, 12), (std::vector<int>{12, 6, 4, 3, 2, 1}));
  config.parallel.stage = 1;
  config.parallel.shard_ranks.value = 4;
  EXPECT_EQ(rank_counts(config, 12), (std::vector<int>{12, 4, 1}));
}

TEST(VirtualRanks, DefaultToTheRankCount) {
  Config config;
  EXPECT_EQ(virtual_ranks(config, 2), 2);
  config.parallel.virtual_ranks.value = 8;
  EXPECT_EQ(virtual_ranks(config, 2), 8);
}

TEST(Validate, TheBestCheckpointsNeedEvaluations) {
  EXPECT_EQ(after([](Config& c) { c.evaluate.batches = 0; }), "");
  EXPECT_EQ(after([](Config& c) { c.train.epochs = 5, c.evaluate.every_epochs = 2, c.checkpoint.every_epochs = 3; }),
            "");
  expect_says(after([](Config& c) { c.train.epochs = 5, c.train.steps = 100; }),
              "train.epochs = 5 and train.steps = 100 both say how long the run is; leave train.steps out");
  expect_says(
      after([](Config& c) { c.train.epochs = 5, c.evaluate.every_epochs = 2, c.evaluate.every_steps = 9; }),
      "evaluate.every_epochs = 2, but evaluate.every_steps = 9 counts in steps; write evaluate.every_steps=auto");
  expect_says(after([](Config& c) { c.checkpoint.every_epochs = 2; }),
              "checkpoint.every_epochs counts epochs, but train.epochs = 0: the run is told by steps");
  expect_says(after([](Config& c) { c.evaluate.patience = 2, c.evaluate.batches = 0; }),
              "evaluate.patience = 2, but evaluate.batches = 0 evaluates nothing");
  expect_says(after([](Config& c) { c.evaluate.watch = "f1"; }),
              "evaluate.watch = f1 is none of what is evaluated, which is loss; name one of these");
  EXPECT_EQ(after([](Config& c) {
              c.evaluate.metrics.emplace_back(metric_kinds(), "f1");
              c.evaluate.watch = "f1_setosa";
            }),
            "");
  expect_says(after([](Config& c) { c.evaluate.batches = 0, c.checkpoint.keep_best = 2; }),
              "checkpoint.keep_best = 2, but evaluate.batches = 0");
}

TEST(Validate, ARollbackNeedsSpikesAndCheckpoints) {
  const auto with = [](double sigma, int64_t every) {
    return after([&](Config& c) {
      c.guard.rollback = true;
      c.guard.spike_sigma = sigma;
      c.checkpoint.every_steps = every;
    });
  };
  EXPECT_EQ(with(6, 500), "");
  expect_says(with(0, 500), "guard.rollback = true, but guard.spike_sigma = 0 looks for no spikes; set it");
  expect_says(with(6, 0), "guard.rollback = true, but checkpoint.every_steps = 0 saves nothing to go back to; set it");
  expect_says(after([](Config& c) { c.guard.max_rollbacks = 0; }), "guard.max_rollbacks = 0; at least 1");
}

}  // namespace
}  // namespace convoy
