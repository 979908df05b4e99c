#include "core/train/early_stopping.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/files.h"
#include "core/checkpoint/checkpoint_folder.h"
#include "core/metrics/class_counts.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::toy_run;
using test::ToyParts;
using test::ToyResult;

TEST(EarlyStopping, StopsAfterSoManyThatWereNoBetter) {
  EarlyStopping loss({.patience = 2});
  EXPECT_TRUE(loss.tell(10, 3));
  EXPECT_FALSE(loss.tell(20, 3));  // equal is not better
  EXPECT_TRUE(loss.tell(30, 2));
  EXPECT_FALSE(loss.tell(40, 2.5));
  EXPECT_FALSE(loss.exhausted());
  EXPECT_FALSE(loss.tell(50, 2));
  EXPECT_TRUE(loss.exhausted());
  EXPECT_EQ(loss.why(), "validation loss has not improved in 2 evaluations: the best is 2, after step 30");
}

TEST(EarlyStopping, GoesByTheDirectionAndByMinDelta) {
  EarlyStopping accuracy({.watch = "accuracy", .more_is_better = true, .min_delta = 0.1, .patience = 1});
  EXPECT_TRUE(accuracy.tell(1, 0.5));
  EXPECT_FALSE(accuracy.tell(2, 0.59));
  EXPECT_TRUE(accuracy.tell(3, 0.7)) << "by more than 0.1 from the best, not from the last";
  EXPECT_FALSE(accuracy.exhausted());
}

TEST(EarlyStopping, WhatIsNoNumberIsNeverBetter) {
  EarlyStopping loss({.patience = 2});
  EXPECT_FALSE(loss.tell(1, std::nan("")));
  EXPECT_FALSE(loss.tell(2, INFINITY));
  EXPECT_TRUE(loss.exhausted());
  EXPECT_EQ(loss.why(), "validation loss has not improved in 2 evaluations: it never was a number");
  EXPECT_TRUE(loss.tell(3, 5));
}

TEST(EarlyStopping, TakesOverWhatACheckpointKnewOfTheSameWatch) {
  const BestEvaluation known{"loss", 30, 2.0, 1, 40};
  EarlyStopping loss({.patience = 2});
  loss.take_over(known);
  EXPECT_EQ(loss.last_step(), 40);
  EXPECT_FALSE(loss.tell(50, 3));
  EXPECT_TRUE(loss.exhausted());
  EarlyStopping accuracy({.watch = "accuracy", .more_is_better = true});
  accuracy.take_over(known);
  EXPECT_EQ(accuracy.state(), std::nullopt);
}

TEST(EarlyStopping, TheMetricSaysWhatIsBetter) {
  EvaluateConfig config;
  config.metrics = {MetricChoice(metric_kinds(), "mae"), MetricChoice(metric_kinds(), "f1")};
  const auto more = [&](const char* watch) {
    config.watch = watch;
    return early_stopping_options(config).more_is_better;
  };
  EXPECT_FALSE(more("loss"));
  EXPECT_FALSE(more("mae"));
  EXPECT_TRUE(more("f1"));
  EXPECT_TRUE(more("f1_setosa"));
}

// Nothing is better than the first evaluation by a hundred: a run that is sure to stop.
Config stopping_config() {
  Config config = test::toy_config();
  config.train.steps = 40;
  config.evaluate.every_steps = 5;
  config.evaluate.patience = 3;
  config.evaluate.min_delta = 100;
  config.checkpoint.every_steps = 7;
  return config;
}

struct StoppingRun {
  TemporaryFolder folder;
  ToyParts parts{.validation_samples = 10, .test_samples = 13, .checkpoints = folder.path() / "checkpoints"};
};

void expect_stopped(const ToyResult& result, const StoppingRun& run) {
  EXPECT_EQ(result.outcome, TrainingOutcome::stopped_early);
  EXPECT_EQ(result.position.step, 20);
  EXPECT_EQ(read_file(run.parts.checkpoints / "best"), checkpoint_name(5) + "\n");
  EXPECT_EQ(read_file(run.parts.checkpoints / "latest"), checkpoint_name(20) + "\n");
  ASSERT_EQ(result.finals.size(), 1u);
  EXPECT_EQ(result.finals[0].step, 20);
  EXPECT_EQ(result.finals[0].weights_step, 5);
}

void expect_equal_finals(const ToyResult& a, const ToyResult& b) {
  ASSERT_EQ(a.finals.at(0).splits.size(), b.finals.at(0).splits.size());
  for (size_t i = 0; i < a.finals[0].splits.size(); ++i)
    EXPECT_EQ(a.finals[0].splits[i].second.loss, b.finals[0].splits[i].second.loss);
}

TEST(EarlyStopping, StopsOnAnyNumberOfRanksAtTheSameStepAndEndsWithTheBestWeights) {
  StoppingRun one;
  const ToyResult alone = toy_run(stopping_config(), 1, one.parts);
  expect_stopped(alone, one);
  ASSERT_EQ(alone.evaluations.size(), 4u);
  const auto& splits = alone.finals.at(0).splits;
  ASSERT_EQ(splits.size(), 2u);
  EXPECT_EQ(splits[0].first, "validation");
  EXPECT_EQ(splits[0].second.loss, alone.evaluations[0].loss) << "the weights are those of step 5";
  EXPECT_NE(splits[0].second.loss, alone.evaluations[3].loss);
  EXPECT_EQ(splits[1].first, "test");
  EXPECT_EQ(splits[1].second.tokens, 13 * 12) << "the whole split, with its partial batch";
  for (const auto& [ranks, stage] : {std::pair(2, 0), std::pair(4, 3)}) {
    SCOPED_TRACE(ranks);
    Config config = stopping_config();
    config.parallel.stage = stage;
    StoppingRun run;
    const ToyResult found = toy_run(config, ranks, run.parts);
    expect_stopped(found, run);
    expect_equal_finals(found, alone);
    EXPECT_EQ(found.allocated_bytes, found.planned_bytes);
  }
}

// Stopped between evaluations, at one that was due, and where the last one was made.
TEST(EarlyStopping, ARunThatGoesOnStopsWhereItWouldHave) {
  StoppingRun undisturbed;
  const ToyResult whole = toy_run(stopping_config(), 1, undisturbed.parts);
  for (const int64_t stop : {3, 8, 10, 15}) {
    SCOPED_TRACE(stop);
    StoppingRun run;
    Config config = stopping_config();
    config.train.stop_at = stop;
    EXPECT_EQ(toy_run(config, 4, run.parts).outcome, TrainingOutcome::stopped_at);
    run.parts.resume = true;
    const ToyResult resumed = toy_run(stopping_config(), 2, run.parts);
    expect_stopped(resumed, run);
    expect_equal_finals(resumed, whole);
    EXPECT_EQ(resumed.position.best, whole.position.best);
  }
}

TEST(EarlyStopping, AStartOfARunThatHasStoppedStaysStopped) {
  StoppingRun run;
  const ToyResult first = toy_run(stopping_config(), 2, run.parts);
  run.parts.resume = true;
  const ToyResult again = toy_run(stopping_config(), 1, run.parts);
  expect_stopped(again, run);
  EXPECT_TRUE(again.losses.empty()) << "not a step";
  expect_equal_finals(again, first);
  Config patient = stopping_config();
  patient.evaluate.patience = 4;
  const ToyResult longer = toy_run(patient, 1, run.parts);
  EXPECT_EQ(longer.outcome, TrainingOutcome::stopped_early);
  EXPECT_EQ(longer.position.step, 25);
}

TEST(EarlyStopping, WithoutEvaluationsOnTheWayItIsRefused) {
  Config config = stopping_config();
  config.evaluate.every_steps = 0;
  EXPECT_THROW(toy_run(config, 1), ConfigError);
  config = stopping_config();
  EXPECT_THROW(toy_run(config, 1, {.validation_samples = 0}), ConfigError);
  config.evaluate.watch = "perplexity";
  EXPECT_THROW(toy_run(config, 1), ConfigError);
  config.evaluate.metrics = {MetricChoice(metric_kinds(), "perplexity")};
  EXPECT_EQ(toy_run(config, 1, {.checkpoints = TemporaryFolder().path()}).outcome, TrainingOutcome::stopped_early);
}

// The permutation goes on over the ends of epochs: nothing of a run by steps changes.
TEST(Epochs, AreStepsByAnotherName) {
  Config config = test::toy_config();
  config.train.steps = 8;
  config.evaluate.batches = 1000;
  const ToyParts parts{.validation_samples = 13, .training_samples = 40};
  const ToyResult steps = toy_run(config, 2, parts);
  config.train = {.epochs = 3};
  config.evaluate = {};
  for (const int ranks : {1, 4}) {
    const ToyResult epochs = toy_run(config, ranks, parts);
    EXPECT_EQ(epochs.losses, steps.losses);
    EXPECT_EQ(epochs.weights, steps.weights);
    ASSERT_EQ(epochs.evaluations.size(), 3u);
    EXPECT_EQ(epochs.evaluations[0].step, 3);
    EXPECT_EQ(epochs.evaluations[1].step, 5);
    EXPECT_EQ(epochs.evaluations[1].epoch, 2);
    EXPECT_EQ(epochs.evaluations[2].loss, steps.evaluations.at(0).loss);
    EXPECT_EQ(epochs.evaluations[2].tokens, 13 * 12);
  }
}

TEST(Epochs, MoreOfThemMayFollow) {
  TemporaryFolder folder;
  ToyParts parts{.training_samples = 40, .checkpoints = folder.path()};
  Config config = test::toy_config();
  config.schedule.kind.choose("constant");
  config.train = {.epochs = 2};
  EXPECT_EQ(toy_run(config, 2, parts).position.step, 5);
  parts.resume = true;
  config.train.epochs = 4;
  const ToyResult more = toy_run(config, 4, parts);
  parts.resume = false;
  parts.checkpoints.clear();
  const ToyResult whole = toy_run(config, 1, parts);
  EXPECT_EQ(more.weights, whole.weights);
  EXPECT_EQ(more.position.samples, whole.position.samples);
}

}  // namespace
}  // namespace convoy
