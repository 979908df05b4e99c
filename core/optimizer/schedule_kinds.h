// All schedules of the learning rate that a config can name.
#pragma once

#include <span>

#include "core/config/kind.h"
#include "core/optimizer/schedule.h"

namespace convoy {

std::span<const Kind<Schedule>> schedule_kinds();

}  // namespace convoy
