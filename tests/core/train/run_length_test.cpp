#include "core/train/run_length.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace convoy {
namespace {

Config epochs(int64_t count, int64_t global_batch) {
  Config config;
  config.train.epochs = count;
  config.batch = {.micro = 1, .global = global_batch};
  return config;
}

std::vector<int64_t> steps_with(const RunLength& length, const std::function<bool(int64_t)>& property) {
  std::vector<int64_t> steps;
  for (int64_t step = 1; step <= length.steps(); ++step)
    if (property(step)) steps.push_back(step);
  return steps;
}

using Steps = std::vector<int64_t>;

TEST(RunLength, BatchesGoOnOverTheEndsOfEpochs) {
  const RunLength length(epochs(3, 4), 10);  // 30 samples
  EXPECT_EQ(length.steps(), 8);
  EXPECT_EQ(steps_with(length, [&](int64_t step) { return length.ends_epoch(step); }), (Steps{3, 5, 8}));
  EXPECT_EQ(length.epochs_done(4), 1);
  EXPECT_EQ(length.epoch_of(4), 1.6);
  EXPECT_EQ(length.epoch_of(8), 3);  // of 3.2 that the last batch has walked
  EXPECT_EQ(steps_with(length, [&](int64_t step) { return length.evaluates_after(step); }), (Steps{3, 5, 8}));
  EXPECT_EQ(length.evaluations_after(3), 2);
}

TEST(RunLength, ABatchMayHoldSeveralEpochs) {
  const RunLength length(epochs(5, 8), 3);
  EXPECT_EQ(length.steps(), 2);
  EXPECT_EQ(length.epochs_done(1), 2);
  EXPECT_EQ(length.epochs_done(2), 5);
  EXPECT_EQ(RunLength(epochs(1, 8), 3).steps(), 1);
}

TEST(RunLength, EvaluatesAndSavesEverySoManyEpochsOrSteps) {
  Config config = epochs(7, 4);
  config.evaluate.every_epochs = 3;
  config.checkpoint.every_epochs = 2;
  const RunLength length(config, 8);
  EXPECT_EQ(steps_with(length, [&](int64_t step) { return length.evaluates_after(step); }), (Steps{6, 12}));
  EXPECT_EQ(steps_with(length, [&](int64_t step) { return length.saves_after(step); }), (Steps{4, 8, 12}));
  EXPECT_FALSE(length.saves_by_time());
  config.evaluate.every_epochs = 1;
  config.evaluate.every_steps = 5;
  config.checkpoint = {};
  const RunLength other(config, 8);
  EXPECT_EQ(steps_with(other, [&](int64_t step) { return other.evaluates_after(step); }), (Steps{5, 10}));
  EXPECT_TRUE(other.saves_by_time());
  config.guard = {.spike_sigma = 6, .rollback = true};
  EXPECT_FALSE(RunLength(config, 8).saves_by_time()) << "what a run goes back to depended on a clock";
}

TEST(RunLength, ByStepsIsAsItEverWas) {
  const RunLength length(Config(), 8);
  EXPECT_EQ(length.steps(), 2000);
  EXPECT_FALSE(length.by_epochs());
  EXPECT_FALSE(length.ends_epoch(2));
  EXPECT_EQ(length.epoch_of(2), 0);
  EXPECT_TRUE(length.evaluates_after(200) && length.saves_after(500));
  EXPECT_FALSE(length.evaluates_after(100) || length.saves_after(200));
  EXPECT_EQ(evaluated_batches(Config()), 20);
  EXPECT_EQ(evaluated_batches(epochs(1, 1)), 0);
  Config none;
  none.evaluate.batches = 0;
  EXPECT_FALSE(evaluates(none));
  EXPECT_TRUE(evaluates(Config()) && evaluates(epochs(1, 1)));
}

TEST(RunLength, MoreStepsThanCanBeCountedAreRefused) {
  EXPECT_THROW(RunLength(epochs(1'000'000'000, 1), 1'000'000), ConfigError);
  EXPECT_THROW(RunLength(epochs(1'000'000'000, 1), int64_t{1} << 60), ConfigError);
}

}  // namespace
}  // namespace convoy
