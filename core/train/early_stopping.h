// Which evaluation was the best, and whether it is time to stop: after L. Prechelt, "Early stopping - but when?"
// (1998). What it knows is part of every checkpoint, and it is told the same numbers on every rank, so that a run that
// is killed and goes on, on however many ranks, stops after the same step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/config/config.h"
#include "core/metrics/training_events.h"

namespace convoy {

struct EarlyStoppingOptions {
  std::string watch = "loss";  // what is compared: the loss, or a metric's number
  bool more_is_better = false;
  double min_delta = 0;  // an evaluation is better if it is by more than that
  int64_t patience = 0;  // evaluations in a row that were not better than the best; 0: it never stops
};

EarlyStoppingOptions early_stopping_options(const EvaluateConfig& config);

// The number of an evaluation that is watched: a metric's, or the loss.
double watched(const EvaluationMetrics& evaluation, const std::string& watch);

class EarlyStopping {
 public:
  explicit EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)) {}

  const EarlyStoppingOptions& options() const { return options_; }

  // What a checkpoint knew. Of another watch nothing is taken over.
  void take_over(const std::optional<BestEvaluation>& state);
  const std::optional<BestEvaluation>& state() const { return state_; }

  // The evaluation after a step, in order. True: it is the best so far. What is no number never is.
  bool tell(int64_t step, double value);
  // So that none is told twice: the step of the last one; 0: none.
  int64_t last_step() const { return state_ ? state_->evaluated_step : 0; }
  bool exhausted() const { return options_.patience > 0 && state_ && state_->since >= options_.patience; }
  // "validation loss has not improved in 5 evaluations: the best is 0.1234, after step 240".
  std::string why() const;

 private:
  bool better(double value) const;

  EarlyStoppingOptions options_;
  std::optional<BestEvaluation> state_;  // absent: nothing was told
};

}  // namespace convoy
