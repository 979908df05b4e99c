// The optimizer of statistics (ParameterRole::statistic): whatever optimizer the config names, it treats only what is
// learned.
#pragma once

#include "core/optimizer/optimizer.h"

namespace convoy {

const Optimizer& statistics_update();

}  // namespace convoy
