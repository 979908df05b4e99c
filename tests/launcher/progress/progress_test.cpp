// The estimate of the time left, the observers and the console they write to.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

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

TEST(TimeLeft, IsUnknownUntilTheSecondStep) {
  TimeLeft left(100, 0);
  EXPECT_EQ(left.seconds(), -1);
  left.on_step(step(1, 5000));  // warming up must not count
  EXPECT_EQ(left.seconds(), -1);
  left.on_step(step(2, 100));
  EXPECT_NEAR(left.seconds(), 9.8, 1e-9);
}

TEST(TimeLeft, FollowsTheStepsSlowly) {
  TimeLeft left(1000, 0);
  for (int64_t i = 1; i <= 500; ++i) left.on_step(step(i, 100));
  left.on_step(step(501, 1000));  // one slow step in fifty
  EXPECT_NEAR(left.seconds(), 499 * 0.118, 0.1);
}

TEST(TimeLeft, CountsEvaluationsToCome) {
  TimeLeft left(100, 25);
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
  PlainProgress progress(config, [&](std::string_view line) { lines.emplace_back(line); });
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

TEST(PlainProgress, CountsToWhereThisStartEnds) {
  Config config;
  config.train.steps = 25;
  config.train.stop_at = 5;
  std::string last;
  PlainProgress progress(config, [&](std::string_view line) { last = line; });
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
  LiveProgress progress(config, console);
  for (int64_t i = 1; i <= 50; ++i) progress.on_step(step(i));
  const std::string shown = pipe.read();
  EXPECT_NE(shown.find("step  1/50"), std::string::npos);
  EXPECT_NE(shown.find("step 50/50"), std::string::npos);
  EXPECT_EQ(shown.find("step  2/50"), std::string::npos);
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
  EXPECT_EQ(run_summary(config, facts),
            "model   gpt2: 4 layers, 4 heads, 128 channels, context 64; 829k parameters, f32\n"
            "device  CPU of a test; 2 ranks\n"
            "batch   32 sequences = 2 ranks x 8 each x 2 passes; 2.05k tokens per step; 4 virtual ranks\n"
            "data    data/shakespeare: 1.2M training tokens\n"
            "run     runs/run\n"
            "steps   2000, resumed after step 500");
}

}  // namespace
}  // namespace convoy
