// Learning rate as a function of the step: linear warm-up, then a cosine (Loshchilov and Hutter, arXiv:1608.03983) or a
// constant.
#pragma once

#include <cstdint>

#include "core/config/config.h"

namespace convoy {

// step: number of the update, 1 to steps. Warm-up reaches lr at warmup_steps; the cosine ends at final_ratio * lr at
// `steps`.
double learning_rate(const ScheduleConfig& schedule, double lr, int64_t step, int64_t steps);

}  // namespace convoy
