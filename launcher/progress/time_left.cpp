#include "launcher/progress/time_left.h"

#include <algorithm>

namespace convoy {

void TimeLeft::on_step(const StepMetrics& metrics) {
  constexpr double kKept = 0.98;  // the last fifty steps count
  step_ = metrics.step;
  if (++steps_seen_ == 1) return;
  weighted_ms_ = kKept * weighted_ms_ + (1 - kKept) * metrics.step_ms;
  weight_ = kKept * weight_ + (1 - kKept);
}

double TimeLeft::seconds() const {
  if (weight_ == 0) return -1;
  const int64_t steps = std::max<int64_t>(0, last_step_ - step_);
  const int64_t evaluations = length_.evaluations_after(step_) - length_.evaluations_after(last_step_);
  const double ms =
      static_cast<double>(steps) * step_ms() + static_cast<double>(std::max<int64_t>(0, evaluations)) * evaluation_ms_;
  return ms / 1000;
}

}  // namespace convoy
