// The estimate of the time left, the observers and the console they write to.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "launcher/progress/epoch_progress.h"
#include "launcher/progress/final_table.h"
#include "launcher/progress/progress_observers.h"
#include "launcher/progress/run_summary.h"

namespace convoy {
namespace {

StepMetrics step(int64_t number, double ms = 100) {
  StepMetrics metrics;
  metrics.step = number;
  metrics.step_ms = ms;
  return metrics;
}

RunLength length_of(int64_t steps, int64_t evaluate_every) {
  Config config;
  config.train.steps = steps;
  config.evaluate.every_steps = evaluate_every;
  return RunLength(config, 1000);
}

TEST(TimeLeft, IsUnknownUntilTheSecondStep) {
  TimeLeft left(100, length_of(100, 0));
  EXPECT_EQ(left.seconds(), -1);
  left.on_step(step(1, 5000));  // warming up must not count
  EXPECT_EQ(left.seconds(), -1);
  left.on_step(step(2, 100));
  EXPECT_NEAR(left.seconds(), 9.8, 1e-9);
}

TEST(TimeLeft, FollowsTheStepsSlowly) {
  TimeLeft left(1000, length_of(1000, 0));
  for (int64_t i = 1; i <= 500; ++i) left.on_step(step(i, 100));
  left.on_step(step(501, 1000));  // one slow step in fifty
  EXPECT_NEAR(left.seconds(), 499 * 0.118, 0.1);
}

TEST(TimeLeft, CountsEvaluationsToCome) {
  TimeLeft left(100, length_of(100, 25));
  left.on_step(step(49));
  left.on_step(step(50));
  left.on_evaluation({50, 2.0, 1000, 3000});
  EXPECT_NEAR(left.seconds(), 50 * 0.1 + 2 * 3, 1e-9);
}

TEST(PlainProgress, WritesFirstEveryNthAndLastStep) {
  Config config;
  config.train.steps = 25;
  config.log.every_steps = 10;
  std::vector<std::string> lines;
  PlainProgress progress(config, RunLength(config, 1000), [&](std::string_view line) { lines.emplace_back(line); });
  for (int64_t i = 3; i <= 25; ++i) progress.on_step(step(i));  // resumed after step 2
  progress.on_evaluation({25, 2.0, 100, 10});
  progress.on_evaluation({25, 1.5, 100, 10});
  progress.on_checkpoint(25, 4);
  ASSERT_EQ(lines.size(), 7u);
  const char* beginnings[] = {"step  3/25", "step 10/25", "step 20/25", "step 25/25"};
  for (int i = 0; i < 4; ++i) EXPECT_EQ(lines[i].find(beginnings[i]), 0u) << lines[i];
  EXPECT_EQ(lines[4].find("best"), std::string::npos) << "the first evaluation is the best of nothing";
  EXPECT_NE(lines[5].find("best so far"), std::string::npos);
  EXPECT_EQ(lines[6], "save  step 25, training waited 4 ms");
}

TEST(PlainProgress, TheWatchedMetricSaysWhatIsBest) {
  Config config;
  config.train.steps = 100;
  config.evaluate.metrics = {MetricChoice(metric_kinds(), "accuracy")};
  config.evaluate.watch = "accuracy";
  std::vector<std::string> lines;
  PlainProgress progress(config, RunLength(config, 1000), [&](std::string_view line) { lines.emplace_back(line); });
  int64_t at = 0;
  for (const auto& [loss, accuracy] : {std::pair(2.0, 0.5), std::pair(2.5, 0.6), std::pair(1.0, 0.55)}) {
    EvaluationMetrics evaluation{++at, loss, 100, 10};
    evaluation.metrics = {{"accuracy", accuracy}};
    progress.on_evaluation(evaluation);
  }
  EXPECT_EQ(lines.at(0).find("best so far"), std::string::npos);
  EXPECT_NE(lines.at(1).find("best so far"), std::string::npos) << lines[1];
  EXPECT_EQ(lines.at(2).find("best so far"), std::string::npos) << lines[2];
}

TEST(PlainProgress, CountsToWhereThisStartEnds) {
  Config config;
  config.train.steps = 25;
  config.train.stop_at = 5;
  std::string last;
  PlainProgress progress(config, RunLength(config, 1000), [&](std::string_view line) { last = line; });
  progress.on_step(step(5));
  EXPECT_EQ(last.find("step 5/5"), 0u) << last;
}

// What a console wrote, read back from a pipe.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_), 0); }
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  int in() const { return ends_[1]; }
  std::string read() const {
    char buffer[4096];
    const ssize_t bytes = ::read(ends_[0], buffer, sizeof buffer);
    return {buffer, static_cast<size_t>(std::max<ssize_t>(bytes, 0))};
  }

 private:
  int ends_[2];
};

TEST(Console, RedrawsTheLiveLineBelowLinesThatStay) {
  const Pipe pipe;
  Console console(pipe.in(), 40);
  console.live("step 1");
  EXPECT_EQ(pipe.read(), "\r\033[Kstep 1");
  console.line("saved");
  EXPECT_EQ(pipe.read(), "\r\033[Ksaved\nstep 1");
  console.end_live();
  EXPECT_EQ(pipe.read(), "\n");
  console.line("done");
  EXPECT_EQ(pipe.read(), "done\n");
}

TEST(Console, CutsTheLiveLineToTheTerminal) {
  const Pipe pipe;
  Console console(pipe.in(), 7);
  console.live("step 1 of 2");
  EXPECT_EQ(pipe.read(), "\r\033[Kstep …");
}

TEST(Console, WithoutATerminalThereIsNoLiveLine) {
  const Pipe pipe;
  Console console(pipe.in(), 0);
  console.live("step 1");
  console.line("saved");
  EXPECT_EQ(pipe.read(), "saved\n");
}

TEST(LiveProgress, RedrawsAtMostTenTimesASecondButAlwaysTheLastStep) {
  const Pipe pipe;
  Console console(pipe.in(), 100);
  Config config;
  config.train.steps = 50;
  LiveProgress progress(config, RunLength(config, 1000), console);
  for (int64_t i = 1; i <= 50; ++i) progress.on_step(step(i));
  const std::string shown = pipe.read();
  EXPECT_NE(shown.find("step  1/50"), std::string::npos);
  EXPECT_NE(shown.find("step 50/50"), std::string::npos);
  EXPECT_EQ(shown.find("step  2/50"), std::string::npos);
}

Config five_epochs() {  // of ten samples in batches of four: steps 3, 5, 8, 10 and 13 end one
  Config config;
  config.train.epochs = 5;
  config.batch = {.micro = 4, .global = 4};
  return config;
}

StepMetrics sampled(int64_t number) {
  StepMetrics metrics = step(number);
  metrics.loss = static_cast<double>(number);
  metrics.tokens_per_s = 40;
  metrics.unit = kSamples;
  return metrics;
}

TEST(EpochProgress, HasALineForEachEpoch) {
  std::vector<std::string> lines;
  const Config config = five_epochs();
  {
    EpochProgress progress(config, RunLength(config, 10), [&](std::string_view line) { lines.emplace_back(line); });
    for (int64_t i = 1; i <= 5; ++i) {
      progress.on_step(sampled(i));
      if (i == 2 || i == 3)
        progress.on_evaluation({.step = i, .loss = 0.5, .metrics = {{"r2", 0.25}}, .unit = kSamples});
      if (i == 3 || i == 4) progress.on_checkpoint(i, 7);
    }
  }
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "eval  step 2: validation loss 0.5000, r2 0.2500") << "in the middle of an epoch";
  EXPECT_EQ(lines[1], "epoch 1/5  loss 2.0000  validation loss 0.5000, r2 0.2500  40 samples/s  300ms  1s left");
  EXPECT_EQ(lines[2], "save  step 4, training waited 7 ms") << "that of step 3 ends an epoch, as ever";
  EXPECT_EQ(lines[3], "epoch 2/5  loss 4.5000  40 samples/s  200ms  1s left");
}

TEST(EpochProgress, FillsABarOnATerminal) {
  std::vector<std::string> live;
  const Config config = five_epochs();
  EpochProgress progress(
      config, RunLength(config, 10), [](std::string_view) {}, [&](std::string_view line) { live.emplace_back(line); });
  progress.on_step(sampled(1));
  progress.on_evaluation({.step = 1, .loss = 0.5, .unit = kSamples});
  progress.on_step(sampled(13));
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live[0], "epoch 1/5 [========>           ]  loss 1.0000  40 samples/s");
  EXPECT_EQ(live[1].find("epoch 5/5 [====================]  loss 7.0000  validation loss 0.5000"), 0u) << live[1];
}

TEST(FinalTable, HasALineForEachNumberAndAColumnForEachSplit) {
  FinalMetrics metrics{.step = 40, .weights_step = 20};
  metrics.splits.emplace_back(
      "validation", EvaluationMetrics{.loss = 0.5, .tokens = 30, .metrics = {{"r2", 0.25}}, .unit = kSamples});
  metrics.splits.emplace_back(
      "test", EvaluationMetrics{.loss = 0.625, .tokens = 31, .metrics = {{"r2", 0.2}}, .unit = kSamples});
  metrics.splits[1].second.matrices.emplace_back("confusion_matrix", Matrix{{"a", "lion"}, {10, 2, 0, 19}});
  EXPECT_EQ(final_table(metrics),
            "with the best weights, of step 20\n"
            "             validation          test\n"
            "  samples            30            31\n"
            "  loss           0.5000        0.6250\n"
            "  r2             0.2500        0.2000\n"
            "confusion_matrix, test\n"
            "  wanted \\ predicted     a  lion\n"
            "  a                     10     2\n"
            "  lion                   0    19");
}

TEST(RunSummary, SaysWhatWillRun) {
  Config config;
  SummaryFacts facts;
  facts.parameters = 829184;
  facts.device = "CPU of a test";
  facts.ranks = 2;
  facts.virtual_ranks = 4;
  facts.data = "1.2M training tokens";
  facts.first_step = 500;
  EXPECT_EQ(run_summary(config, RunLength(config, 1000), facts),
            "model   gpt2: 4 layers, 4 heads, 128 channels, context 64; 829k parameters, f32\n"
            "device  CPU of a test; 2 ranks\n"
            "batch   32 sequences = 2 ranks x 8 each x 2 passes; 2.05k tokens per step; 4 virtual ranks\n"
            "data    data/shakespeare: 1.2M training tokens\n"
            "run     runs/run\n"
            "steps   2000, resumed after step 500");
}

}  // namespace
}  // namespace convoy
