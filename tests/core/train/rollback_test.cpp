// A spike of the loss and the way back from it: to the same bits whatever the ranks, the stage and the stops.
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "core/base/files.h"
#include "core/comm/fail_together.h"
#include "core/optimizer/makers.h"
#include "tests/core/temporary_folder.h"
#include "tests/support/toy_run.h"

namespace convoy {
namespace {

using test::gpt2_of;
using test::toy_config;
using test::toy_run;
using test::ToyParts;
using test::ToyResult;

constexpr int64_t kSamples = 16;  // a step

// Learns for 40 steps, saved every 10; without a spike the guard is silent.
Config guarded_config() {
  Config config = toy_config();
  test::gpt2_of(config).dropout = 0.1;
  config.batch.micro = 4;
  config.train.steps = 40;
  config.optimizer.kind.as<AdamWMaker>()->lr = 1e-2;
  config.checkpoint.every_steps = 10;
  config.guard = {.spike_sigma = 4, .window_steps = 8, .rollback = true};
  return config;
}

// The data of these steps of an undisturbed run has wrong targets.
std::function<bool(int64_t)> mislabelled_at(std::vector<int64_t> steps) {
  return [steps = std::move(steps)](int64_t sample) {
    return std::find(steps.begin(), steps.end(), sample / kSamples + 1) != steps.end();
  };
}

struct GuardedRun {
  TemporaryFolder folder;
  ToyParts parts;
  explicit GuardedRun(std::vector<int64_t> steps)
      : parts{.mislabelled = mislabelled_at(std::move(steps)), .checkpoints = folder.path() / "checkpoints"} {}
  ToyResult start(const Config& config, int ranks) { return toy_run(config, ranks, parts); }
  ToyResult resume(const Config& config, int ranks) {
    parts.resume = true;
    return toy_run(config, ranks, parts);
  }
};

ToyResult guarded_run(const Config& config, int ranks, std::vector<int64_t> steps) {
  return GuardedRun(std::move(steps)).start(config, ranks);
}

void expect_equal(const ToyResult& found, const ToyResult& expected) {
  EXPECT_TRUE(found.weights == expected.weights) << "weights differ";
  EXPECT_EQ(found.position.samples, expected.position.samples);
  EXPECT_EQ(found.position.tokens, expected.position.tokens);
  EXPECT_EQ(found.position.guard, expected.position.guard);
}

std::string words_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const SharedError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(Rollback, GoesBackToTheCheckpointAndSkipsTheSamples) {
  GuardedRun run({25});
  std::mutex mutex;
  std::map<int64_t, int> reads;
  run.parts.before_sample = [&](Split split, int64_t sample) {
    const std::lock_guard lock(mutex);
    if (split == Split::train) ++reads[sample];
  };
  const ToyResult found = run.start(guarded_config(), 2);
  ASSERT_EQ(found.rollbacks.size(), 1u);
  EXPECT_EQ(found.rollbacks[0].step, 20);
  EXPECT_EQ(found.rollbacks[0].from_step, 25);
  EXPECT_EQ(found.rollbacks[0].samples, 25 * kSamples);
  EXPECT_EQ(found.rollbacks[0].rollbacks, 1);
  EXPECT_EQ(found.losses.size(), 40u);
  EXPECT_EQ(found.position.step, 40);
  EXPECT_EQ(found.position.samples, 45 * kSamples);
  EXPECT_EQ(found.position.tokens, 40 * kSamples * 12);
  EXPECT_EQ(found.position.guard.rollbacks, 1);
  for (const auto& [sample, count] : reads) EXPECT_EQ(count, 1) << "sample " << sample;
}

// From the same checkpoint straight on with the samples behind the spike.
TEST(Rollback, EndsAsIfTheSamplesHadNeverBeenThere) {
  Config config = guarded_config();
  const ToyResult found = guarded_run(config, 1, {25});
  ASSERT_EQ(found.rollbacks.size(), 1u);
  GuardedRun other({25});
  config.guard = {};
  config.train.stop_at = 20;
  other.start(config, 1);
  other.parts.skips = {{20, 25 * kSamples}};
  const ToyResult expected = other.resume(config, 1);
  EXPECT_TRUE(found.weights == expected.weights) << "weights differ";
  EXPECT_EQ(found.position.samples, expected.position.samples);
}

// What was best is what was best then: the evaluation of step 25 had seen the spike and is made again.
TEST(Rollback, EarlyStoppingForgetsWhatWasUndone) {
  Config config = guarded_config();
  config.train.steps = 60;
  config.evaluate.every_steps = 3;
  config.evaluate.patience = 4;
  config.evaluate.min_delta = 0.02;
  config.checkpoint.keep_last = 1;
  GuardedRun other({25});
  other.parts.validation_samples = 10;
  Config undisturbed = config;
  undisturbed.guard = {};
  undisturbed.train.stop_at = 20;
  other.start(undisturbed, 1);
  undisturbed.train.stop_at = 0;
  other.parts.skips = {{20, 25 * kSamples}};
  const ToyResult expected = other.resume(undisturbed, 1);
  ASSERT_EQ(expected.outcome, TrainingOutcome::stopped_early) << "at step " << expected.position.step;
  ASSERT_GT(expected.position.step, 25);
  for (const int ranks : {1, 4}) {
    SCOPED_TRACE(ranks);
    GuardedRun run({25});
    run.parts.validation_samples = 10;
    const ToyResult found = run.start(config, ranks);
    ASSERT_EQ(found.rollbacks.size(), 1u);
    EXPECT_EQ(found.outcome, TrainingOutcome::stopped_early);
    EXPECT_EQ(found.position.step, expected.position.step);
    EXPECT_EQ(found.position.best, expected.position.best);
    EXPECT_TRUE(found.weights == expected.weights) << "weights differ";
    EXPECT_EQ(read_file(run.parts.checkpoints / "best"), read_file(other.parts.checkpoints / "best"));
  }
}

TEST(Rollback, RanksAndStagesChangeNoBit) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    Config config = guarded_config();
    config.precision = precision;
    config.parallel.sentinel_every = 3;
    const ToyResult one = guarded_run(config, 1, {25});
    ASSERT_EQ(one.rollbacks.size(), 1u);
    for (const auto& [ranks, stage] : {std::pair(2, 0), std::pair(4, 0), std::pair(2, 1), std::pair(4, 2),
                                       std::pair(1, 3), std::pair(2, 3), std::pair(4, 3)}) {
      SCOPED_TRACE(testing::Message() << ranks << " ranks, stage " << stage);
      config.parallel.stage = stage;
      const ToyResult found = guarded_run(config, ranks, {25});
      EXPECT_EQ(found.losses, one.losses);
      expect_equal(found, one);
    }
  }
}

// Stopped before the spike, where it would otherwise have gone back to, between the two, after the rollback, and just
// before the second spike: it is met at step 22 in the data of step 27.
TEST(Rollback, StopsAndResumesChangeNoBit) {
  Config config = guarded_config();
  const ToyResult whole = guarded_run(config, 2, {25, 27});
  ASSERT_EQ(whole.rollbacks.size(), 2u);
  EXPECT_EQ(whole.rollbacks[1].from_step, 22);
  EXPECT_EQ(whole.position.samples, (40 + 5 + 2) * kSamples);
  for (const int64_t stop : {5, 20, 21, 23, 24, 33}) {
    SCOPED_TRACE(testing::Message() << "stopped at " << stop);
    GuardedRun run({25, 27});
    config.train.stop_at = stop;
    EXPECT_EQ(run.start(config, 1).position.step, stop);
    config.train.stop_at = 0;
    expect_equal(run.resume(config, 4), whole);
  }
}

// A signal in the very step of the spike: the step after the rollback is done, saved, and the last of this start.
TEST(Rollback, ASignalIsAnsweredAfterTheNextStep) {
  for (const bool stop : {true, false}) {
    GuardedRun run({25});
    run.parts.poll_stop = [polls = 0, stop]() mutable {
      ++polls;
      return StopRequest{.save = !stop && polls == 25, .stop = stop && polls >= 25};
    };
    Config config = guarded_config();
    if (!stop) config.train.stop_at = 25;  // the second time the run comes there
    const ToyResult found = run.start(config, 1);
    EXPECT_EQ(found.rollbacks.size(), 1u);
    EXPECT_EQ(found.position.step, stop ? 21 : 25);
    EXPECT_EQ(find_checkpoint(run.parts.checkpoints)->filename(), stop ? "step-00000021" : "step-00000025");
    run.parts.poll_stop = {};
    config.train.stop_at = 0;
    expect_equal(run.resume(config, 2), guarded_run(config, 1, {25}));
  }
}

TEST(Rollback, BeforeTheFirstCheckpointGoesToTheInitialWeights) {
  Config config = guarded_config();
  config.checkpoint.every_steps = 30;
  for (const int64_t stage : {0, 3}) {
    config.parallel.stage = stage;
    const ToyResult whole = guarded_run(config, 2, {25});
    ASSERT_EQ(whole.rollbacks.size(), 1u);
    EXPECT_EQ(whole.rollbacks[0].step, 0);
    GuardedRun run({25});
    config.train.stop_at = 17;
    run.start(config, 2);
    config.train.stop_at = 0;
    expect_equal(run.resume(config, 2), whole);
    config.guard = {};
    GuardedRun other({});
    other.parts.skips = {{0, 25 * kSamples}};
    EXPECT_TRUE(other.start(config, 1).weights == whole.weights) << "weights differ";
    config.guard = guarded_config().guard;
  }
}

TEST(Rollback, FromTheLastStep) {
  const ToyResult found = guarded_run(guarded_config(), 2, {40});
  ASSERT_EQ(found.rollbacks.size(), 1u);
  EXPECT_EQ(found.rollbacks[0].step, 30);
  EXPECT_EQ(found.position.step, 40);
  EXPECT_EQ(found.position.samples, 50 * kSamples);
}

// Never needed without the rollback: the data of step 41.
TEST(Rollback, ThenDataThatCannotBeReadEndsTheRun) {
  GuardedRun run({40});
  run.parts.before_sample = [](Split split, int64_t sample) {
    if (split == Split::train && sample == 40 * kSamples + 3) throw DataError("sample 643 is damaged");
  };
  EXPECT_EQ(
      words_of([&] { run.start(guarded_config(), 2); }),
      "sample 643 is damaged; after a spike of the loss the run went back to step 30: once the data is mended, go "
      "on with run.resume=must");
  run.parts.before_sample = {};
  expect_equal(run.resume(guarded_config(), 1), guarded_run(guarded_config(), 1, {40}));
}

// Goes back to a checkpoint that was made from other data: the run goes on with the data that it has now, and says from
// which step on that is.
TEST(Rollback, GoesOnWithTheDataThatItHas) {
  GuardedRun run({25});
  run.parts.identity = "old";
  Config config = guarded_config();
  config.train.stop_at = 23;
  EXPECT_TRUE(run.start(config, 1).data_changes.empty());
  config.train.stop_at = 0;
  run.parts.identity = "new";
  const ToyResult found = run.resume(config, 2);
  ASSERT_EQ(found.rollbacks.size(), 1u);
  ASSERT_EQ(found.data_changes.size(), 2u);
  for (const auto& [change, step] : {std::pair(found.data_changes[0], 23), std::pair(found.data_changes[1], 20)}) {
    EXPECT_EQ(change.step, step);
    EXPECT_EQ(change.before, "old");
    EXPECT_EQ(change.after, "new");
  }
  EXPECT_EQ(CheckpointReader(find_checkpoint(run.parts.checkpoints).value(), true).position().data, "new");
  EXPECT_TRUE(run.resume(config, 1).data_changes.empty());
}

TEST(Rollback, EvaluatesAgainAndForgetsUndoneCheckpoints) {
  Config config = guarded_config();
  config.evaluate.every_steps = 5;
  GuardedRun run({28});
  config.train.stop_at = 26;
  run.start(config, 1);
  config.train.stop_at = 23;  // for the second time, after the rollback
  const ToyResult found = run.resume(config, 1);
  ASSERT_EQ(found.rollbacks.size(), 1u);
  EXPECT_EQ(found.rollbacks[0].step, 20);
  EXPECT_EQ(found.position.step, 23);
  ASSERT_TRUE(found.position.evaluation);
  EXPECT_EQ(found.position.evaluation->step, 20);
  EXPECT_EQ(find_checkpoint(run.parts.checkpoints)->filename(), "step-00000023");
  config.train.stop_at = 0;
  const ToyResult end = run.resume(config, 1), whole = guarded_run(config, 1, {28});
  ASSERT_EQ(end.evaluations.size(), 4u);
  EXPECT_EQ(end.evaluations[0].step, 25);
  EXPECT_EQ(end.evaluations.back().loss, whole.evaluations.back().loss);
  expect_equal(end, whole);
}

TEST(Rollback, TooManyEndTheRun) {
  Config config = guarded_config();
  const ToyResult whole = guarded_run(config, 1, {25, 27});
  config.guard.max_rollbacks = 1;
  for (const int ranks : {1, 2}) {
    GuardedRun run({25, 27});
    const std::string words = words_of([&] { run.start(config, ranks); });
    EXPECT_EQ(words.find("step 22: loss"), 0u) << words;
    EXPECT_NE(words.find("would be rollback 2, at most 1 are allowed"), std::string::npos) << words;
    EXPECT_EQ(words_of([&] { run.resume(config, ranks); }), words) << "a resume meets the same spikes";
    config.guard.max_rollbacks = 2;
    expect_equal(run.resume(config, ranks), whole);
    config.guard.max_rollbacks = 1;
  }
}

TEST(Rollback, IsOnlyDoneWhereItIsAskedFor) {
  Config config = guarded_config();
  config.guard.rollback = false;
  const ToyResult found = guarded_run(config, 1, {25});
  EXPECT_TRUE(found.rollbacks.empty());
  EXPECT_EQ(found.position.samples, 40 * kSamples);
  EXPECT_EQ(found.position.rollback_step, std::nullopt);
  config.guard = {};
  EXPECT_EQ(guarded_run(config, 1, {25}).losses, found.losses) << "the guard only looks";
}

}  // namespace
}  // namespace convoy
