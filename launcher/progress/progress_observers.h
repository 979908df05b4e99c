// Training as a person follows it: redrawn in place on a terminal, line by line in a log.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "core/config/config.h"
#include "core/metrics/training_events.h"
#include "launcher/progress/console.h"
#include "launcher/progress/time_left.h"

namespace convoy {

// A line for the first step, for every log.every_steps-th and the last, and for each evaluation and checkpoint. After a
// rollback, of which the trainer's own message tells, the best evaluation may be one that is undone: it begins anew.
class PlainProgress final : public TrainingObserver {
 public:
  PlainProgress(const Config& config, std::function<void(std::string_view)> write_line);
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(int64_t step, double stall_ms) override;
  void on_rollback(const RollbackMetrics& metrics) override;

 private:
  int64_t total_steps_, every_steps_;
  TimeLeft time_left_;
  bool first_ = true;
  double best_loss_;
  std::function<void(std::string_view)> write_line_;
};

// The live line, at most ten times a second; evaluations and checkpoints as lines that stay above it.
class LiveProgress final : public TrainingObserver {
 public:
  LiveProgress(const Config& config, Console& console);
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(int64_t step, double stall_ms) override;
  void on_rollback(const RollbackMetrics& metrics) override;

 private:
  int64_t total_steps_;
  TimeLeft time_left_;
  double best_loss_;
  std::chrono::steady_clock::time_point drawn_;
  Console& console_;
};

}  // namespace convoy
