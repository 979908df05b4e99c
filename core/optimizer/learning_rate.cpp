#include "core/optimizer/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace convoy {

double learning_rate(const ScheduleConfig& schedule, double lr, int64_t step, int64_t steps) {
  const int64_t warmup = schedule.warmup_steps;
  if (step < warmup) return lr * static_cast<double>(step) / static_cast<double>(warmup);
  if (schedule.name == "constant") return lr;
  const auto rest = static_cast<double>(std::max<int64_t>(steps - warmup, 1));
  const double progress = std::clamp(static_cast<double>(step - warmup) / rest, 0.0, 1.0);
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * progress));
  return lr * (schedule.final_ratio + (1 - schedule.final_ratio) * cosine);
}

}  // namespace convoy
