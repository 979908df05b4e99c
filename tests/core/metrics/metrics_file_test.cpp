#include "core/metrics/metrics_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>

#include "tests/core/temporary_folder.h"

namespace convoy {
namespace {

StepMetrics step(int64_t number) {
  StepMetrics metrics;
  metrics.step = number;
  metrics.loss = 4.0 / static_cast<double>(number);
  metrics.tokens = number * 2048;
  return metrics;
}

TEST(MetricsFile, WritesTheKeysOfTheDesign) {
  TemporaryFolder folder;
  {
    MetricsFile file(folder / "metrics.jsonl", 0);
    file.on_step({1, 2.5, 3e-05, 0.75, 2048, 12.5, 163840, 0.25, 0, 0.5, 1048576});
    file.on_evaluation({1, 2.25, 4096, 7.5});
    EXPECT_EQ(
        read_file(folder / "metrics.jsonl"),
        R"({"step":1,"loss":2.5,"lr":3e-05,"grad_norm":0.75,"tokens":2048,"step_ms":12.5,"tokens_per_s":163840.0,)"
        R"("data_wait_ms":0.25,"comm_exposed_ms":0.0,"mfu":0.5,"memory_bytes":1048576})"
        "\n"
        R"({"step":1,"eval_loss":2.25,"eval_tokens":4096,"eval_ms":7.5})"
        "\n")
        << "lines are there at once, not at the end";
  }
}

FinalMetrics final_metrics() {
  FinalMetrics metrics{.step = 7, .weights_step = 4};
  for (const char* split : {"validation", "test"}) {
    EvaluationMetrics evaluation{.step = 4, .loss = 0.5, .tokens = 9, .ms = 2, .metrics = {{"f1_red", 0.75}}};
    evaluation.unit = kSamples;
    evaluation.matrices.emplace_back("confusion_matrix", Matrix{{"0", "1"}, {4, 1, 0, 4}});
    metrics.splits.emplace_back(split, std::move(evaluation));
  }
  return metrics;
}

TEST(MetricsFile, TheEndOfARunIsReadBackAndFoundOutAgain) {
  const std::string line = metrics_line(final_metrics());
  EXPECT_NE(line.find(R"({"step":7,"final_step":4,"validation_loss":0.5,"validation_samples":9,"validation_ms":2.0,)"
                      R"("validation_f1_red":0.75,"validation_confusion_matrix":[[4,1],[0,4]],"test_loss":0.5,)"),
            std::string::npos)
      << line;
  const MetricsHistory history = parse_metrics(line);
  ASSERT_TRUE(history.final.has_value());
  EXPECT_TRUE(history.steps.empty() && history.evaluations.empty());
  EXPECT_EQ(history.final->weights_step, 4);
  ASSERT_EQ(history.final->splits.size(), 2u);
  const auto& [split, evaluation] = history.final->splits[1];
  EXPECT_EQ(split, "test");
  EXPECT_EQ(evaluation.tokens, 9);
  EXPECT_EQ(evaluation.metrics, final_metrics().splits[1].second.metrics);
  EXPECT_EQ(evaluation.matrices, final_metrics().splits[1].second.matrices);
  TemporaryFolder folder;
  {
    MetricsFile file(folder / "metrics.jsonl", 0);
    file.on_step(step(7));
    file.on_final(final_metrics());
  }
  MetricsFile resumed(folder / "metrics.jsonl", 7);
  EXPECT_EQ(read_file(folder / "metrics.jsonl"), metrics_line(step(7)));
}

TEST(MetricsFile, MatricesAndEpochsReadBack) {
  EvaluationMetrics evaluation = final_metrics().splits[0].second;
  evaluation.epoch = 2.5;
  const EvaluationMetrics found = parse_metrics(metrics_line(evaluation)).evaluations.at(0);
  EXPECT_EQ(found.matrices, evaluation.matrices);
  EXPECT_EQ(found.metrics, evaluation.metrics);
  EXPECT_EQ(found.epoch, 2.5);
  StepMetrics of_step = step(3);
  of_step.epoch = 0.25;
  EXPECT_EQ(parse_metrics(metrics_line(of_step)).steps.at(0).epoch, 0.25);
  for (const char* torn : {"[1,2]", "[[1],[2]]", "[[1,2],[3,null]]", "[[1,2],3]"}) {
    const std::string line = R"({"step":1,"eval_loss":1,"eval_m":)" + std::string(torn) + "}\n";
    EXPECT_TRUE(parse_metrics(line).evaluations.at(0).matrices.empty()) << torn;
  }
}

TEST(MetricsFile, NumbersReadBackWithTheSameBits) {
  for (const double value : {1.0 / 3, 1e-310, 1.7976931348623157e308, static_cast<double>(0.1f), -0.0}) {
    StepMetrics metrics = step(3);
    metrics.loss = value;
    const MetricsHistory history = parse_metrics(metrics_line(metrics));
    EXPECT_EQ(std::signbit(history.steps.at(0).loss), std::signbit(value));
    EXPECT_EQ(history.steps.at(0).loss, value);
  }
}

TEST(MetricsFile, WhatJsonLacksIsNull) {
  StepMetrics metrics = step(1);
  metrics.loss = std::numeric_limits<double>::quiet_NaN();
  metrics.grad_norm = std::numeric_limits<double>::infinity();
  const std::string line = metrics_line(metrics);
  EXPECT_NE(line.find(R"("loss":null)"), std::string::npos) << line;
  EXPECT_NE(line.find(R"("grad_norm":null)"), std::string::npos) << line;
  EXPECT_TRUE(std::isnan(parse_metrics(line).steps.at(0).loss));
}

TEST(MetricsFile, AResumeCutsOffLaterStepsAndATornLine) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  std::string kept;
  {
    MetricsFile file(path, 0);
    for (int64_t i = 1; i <= 9; ++i) {
      file.on_step(step(i));
      if (i % 3 == 0) file.on_evaluation({i, 1.5, 100, 1});
      if (i == 6) kept = read_file(path);
    }
    File::append(path).write(R"({"step":10,"lo)");
  }
  {
    MetricsFile resumed(path, 6);
    EXPECT_EQ(read_file(path), kept);
    resumed.on_step(step(7));
  }
  EXPECT_EQ(read_file(path), kept + metrics_line(step(7)));
  EXPECT_EQ(read_metrics(path).steps.size(), 7u);
  EXPECT_EQ(read_metrics(path).evaluations.size(), 2u);
  MetricsFile from_start(path, 0);
  EXPECT_EQ(read_file(path), "");
}

TEST(MetricsFile, CountsOfTheGuardsAreThereOnceTheySaySomething) {
  StepMetrics metrics = step(4);
  EXPECT_EQ(metrics_line(metrics).find("skipped_steps"), std::string::npos);
  EXPECT_EQ(metrics_line(metrics).find("rollbacks"), std::string::npos);
  metrics.skipped_steps = 3;
  metrics.rollbacks = 2;
  EXPECT_NE(metrics_line(metrics).find(R"("skipped_steps":3,"rollbacks":2})"), std::string::npos);
  EXPECT_EQ(parse_metrics(metrics_line(metrics)).steps.at(0).skipped_steps, 3);
  EXPECT_EQ(parse_metrics(metrics_line(metrics)).steps.at(0).rollbacks, 2);
}

TEST(MetricsFile, ARollbackCutsOffWhatItUndoes) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const RollbackMetrics first{4, 8, 9.5, 256, 1}, second{4, 6, 7.25, 320, 2};
  std::string kept;
  MetricsFile file(path, 0);
  for (int64_t i = 1; i <= 8; ++i) {
    file.on_step(step(i));
    if (i == 4) file.on_evaluation({4, 1.5, 100, 1});
    if (i == 4) kept = read_file(path);
  }
  file.on_rollback(first);
  EXPECT_EQ(read_file(path), kept + R"({"step":4,"rollback_from":8,"rollback_loss":9.5,"samples":256,"rollbacks":1})"
                                    "\n");
  for (int64_t i = 5; i <= 6; ++i) file.on_step(step(i));
  file.on_rollback(second);
  file.on_step(step(5));
  EXPECT_EQ(read_file(path), kept + metrics_line(first) + metrics_line(second) + metrics_line(step(5)));
  const MetricsHistory history = read_metrics(path);
  EXPECT_EQ(history.steps.size(), 5u);
  ASSERT_EQ(history.rollbacks.size(), 2u);
  EXPECT_EQ(history.rollbacks[1].from_step, 6);
  EXPECT_EQ(history.rollbacks[1].loss, 7.25);
  EXPECT_EQ(history.rollbacks[1].samples, 320);
  file.on_rollback({0, 5, 9, 400, 3});
  EXPECT_EQ(read_file(path), metrics_line(RollbackMetrics{0, 5, 9, 400, 3}));
}

// Killed after the rollback and before the next checkpoint, which would have known of it: the spike comes again.
TEST(MetricsFile, AResumeForgetsRollbacksThatTheCheckpointDoesNotKnow) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const RollbackMetrics known{3, 5, 9.5, 256, 1}, unknown{4, 8, 9.5, 320, 2};
  StepMetrics after = step(4);
  after.rollbacks = 1;
  const std::string kept = metrics_line(step(3)) + metrics_line(known) + metrics_line(after);
  write_file_atomically(path, kept + metrics_line(unknown) + metrics_line(step(5)));
  MetricsFile resumed(path, 4, 1);
  EXPECT_EQ(read_file(path), kept);
}

TEST(MetricsFile, AChangeOfTheDataIsKeptWithTheStepsThatItDivides) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const DataChangeMetrics change{2, "old", "new"};
  MetricsFile file(path, 0);
  file.on_step(step(1));
  file.on_step(step(2));
  file.on_data_change(change);
  file.on_step(step(3));
  EXPECT_EQ(read_file(path), metrics_line(step(1)) + metrics_line(step(2)) +
                                 "{\"step\":2,\"data_before\":\"old\",\"data\":\"new\"}\n" + metrics_line(step(3)));
  const MetricsHistory history = read_metrics(path);
  EXPECT_EQ(history.steps.size(), 3u);
  EXPECT_EQ(history.data_of(1, "other"), "old");
  EXPECT_EQ(history.data_of(2, "other"), "old");
  EXPECT_EQ(history.data_of(3, "other"), "new");
  EXPECT_EQ(MetricsHistory().data_of(3, "other"), "other");
}

// The checkpoint of a step knows the changes before it: one behind it was of a start that came to no checkpoint.
TEST(MetricsFile, AResumeForgetsAChangeThatTheCheckpointDoesNotKnow) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const std::string known = metrics_line(step(2)) + metrics_line(DataChangeMetrics{2, "old", "new"}) +
                            metrics_line(step(3)) + metrics_line(step(4));
  write_file_atomically(path, known + metrics_line(DataChangeMetrics{4, "new", "third"}) + metrics_line(step(5)));
  MetricsFile resumed(path, 4);
  EXPECT_EQ(read_file(path), known);
}

// A crash of the machine can leave zero bytes in the middle.
TEST(MetricsFile, ADamagedLineIsLeftOut) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  const std::string damage(std::string(20, '\0') + "\n[1,2]\n{\"step\":\"x\"}\n{}\n\n");
  write_file_atomically(path, metrics_line(step(1)) + damage + metrics_line(step(2)));
  EXPECT_EQ(read_metrics(path).steps.size(), 2u);
  MetricsFile resumed(path, 2);
  EXPECT_EQ(read_file(path), metrics_line(step(1)) + metrics_line(step(2)));
}

// A full disk, played by a limit on the file's size.
TEST(MetricsFile, AFailedWriteLosesWholeLinesOnlyAndIsNoError) {
  TemporaryFolder folder;
  const auto path = folder / "metrics.jsonl";
  MetricsFile file(path, 0);
  file.on_step(step(1));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{read_file(path).size() + 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  file.on_step(step(2));
  file.on_step(step(3));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  file.on_step(step(4));
  EXPECT_EQ(read_file(path), metrics_line(step(1)) + metrics_line(step(4)));
}

TEST(MetricsFile, AFolderThatIsNotThereIsAnError) {
  TemporaryFolder folder;
  EXPECT_THROW(MetricsFile(folder / "absent/metrics.jsonl", 0), FileError);
}

}  // namespace
}  // namespace convoy
