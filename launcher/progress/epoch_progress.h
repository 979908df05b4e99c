// A run by epochs as a person follows it: a line for each epoch and, on a terminal, a bar that fills.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "launcher/progress/progress_observers.h"

namespace convoy {

// "epoch  3/20  loss 0.1234  validation loss 0.2345, accuracy 0.9310  12.3k samples/s  2s  1m 02s left". Losses of
// training are means over the epoch. Evaluations and checkpoints elsewhere than at an epoch's end have lines of their
// own.
class EpochProgress final : public TrainingObserver {
 public:
  // live: redraws its line; absent: no terminal.
  EpochProgress(const Config& config, const RunLength& length, WriteLine write_line, WriteLine live = {});
  ~EpochProgress() override { end_epoch(); }
  void on_step(const StepMetrics& metrics) override;
  void on_evaluation(const EvaluationMetrics& metrics) override;
  void on_checkpoint(int64_t step, double stall_ms) override;
  void on_rollback(const RollbackMetrics& metrics) override;
  void on_final(const FinalMetrics& metrics) override;

 private:
  struct Sums {
    double losses = 0, ms = 0, counted = 0;  // counted: tokens or samples
    int64_t steps = 0;
  };
  void end_epoch();
  void redraw(const StepMetrics& metrics);
  std::string numbers(const StepMetrics& metrics) const;

  RunLength length_;
  int64_t last_step_;
  TimeLeft time_left_;
  WriteLine write_line_, live_;
  Sums sums_;
  std::optional<StepMetrics> ended_;  // the last step of an epoch whose line is still to be written
  std::string evaluation_;            // the last one's losses and metrics
  int64_t evaluated_step_ = -1;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace convoy
