// Training as a person follows it: redrawn in place on a terminal, line by line in a log. Runs by epochs have a line
// for each epoch, see epoch_progress.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "core/config/config.h"
#include "core/metrics/training_events.h"
#include "launcher/progress/best_so_far.h"
#include "launcher/progress/console.h"
#include "launcher/progress/time_left.h"

namespace convoy {

// The step after which this start ends.
int64_t last_step(const Config& config, const RunLength& length);

using WriteLine = std::function<void(std::string_view)>;
// For a log; for a console, which may be a terminal.
std::unique_ptr<TrainingObserver> make_progress(const Config& config, const RunLength& length, WriteLine write_line);
std::unique_ptr<TrainingObserver> make_progress(const Config& config, const RunLength& length, Console& console);

// A line for the first step, for every log.every_steps-th and the last, and for each evaluation and checkpoint. After a
// rollback, of which the trainer's own message tells, the best evaluation may be one that is undone: it begins anew.
class PlainProgress final : public TrainingObserver {
 public:
  PlainProgress(const Config& config, const RunLength& length, WriteLine write_line);
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(int64_t step, double stall_ms) override;
  void on_rollback(const RollbackMetrics& metrics) override;
  void on_final(const FinalMetrics& metrics) override;

 private:
  int64_t total_steps_, every_steps_;
  TimeLeft time_left_;
  bool first_ = true;
  BestSoFar best_;
  WriteLine write_line_;
};

// The live line, at most ten times a second; evaluations and checkpoints as lines that stay above it.
class LiveProgress final : public TrainingObserver {
 public:
  LiveProgress(const Config& config, const RunLength& length, Console& console);
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(int64_t step, double stall_ms) override;
  void on_rollback(const RollbackMetrics& metrics) override;
  void on_final(const FinalMetrics& metrics) override;

 private:
  int64_t total_steps_;
  TimeLeft time_left_;
  BestSoFar best_;
  std::chrono::steady_clock::time_point drawn_;
  Console& console_;
};

}  // namespace convoy
