// All schedules of the learning rate that a config can name.
#pragma once

#include <span>

#include "core/config/config.h"
#include "core/config/kind.h"
#include "core/optimizer/schedule.h"

namespace convoy {

std::span<const Kind<Schedule>> schedule_kinds();

// What a config of schedule.name and the cosine's keys means.
Choice<Schedule> chosen_schedule(const ScheduleConfig& config);

}  // namespace convoy
