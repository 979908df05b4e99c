// How long a run will still take, from a smoothed step time and the last evaluation.
#pragma once

#include <cstdint>

#include "core/metrics/training_events.h"
#include "core/train/run_length.h"

namespace convoy {

class TimeLeft {
 public:
  // last_step: after which this start ends.
  TimeLeft(int64_t last_step, const RunLength& length) : last_step_(last_step), length_(length) {}

  void on_step(const StepMetrics& metrics);
  void on_evaluation(const EvaluationMetrics& metrics) { evaluation_ms_ = metrics.ms; }

  double step_ms() const { return weight_ == 0 ? 0 : weighted_ms_ / weight_; }  // smoothed; 0: not known yet
  double seconds() const;  // -1 until the second step: the first one pays for warming up and says little

 private:
  int64_t last_step_;
  RunLength length_;
  int64_t steps_seen_ = 0, step_ = 0;
  double weighted_ms_ = 0, weight_ = 0;  // exponential average, corrected for its start
  double evaluation_ms_ = 0;
};

}  // namespace convoy
