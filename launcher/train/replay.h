// Runs a step of a finished run again and compares it with what the run recorded.
#pragma once

#include <cstdint>

#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

// Collective. config: the run's own. Goes back to the newest whole checkpoint before the step, or to the initial
// weights, and comes forward to the step; on one rank the step itself runs with every check of --debug. Writes nothing
// into the run. Returns the exit code: wrong_bits if loss or gradient norm are not the recorded ones. Throws
// ConfigError if the run has no such step, DataError if the data is not the run's (data.changed = accept takes it).
int replay_step(Config config, Communicator& communicator, int64_t step);

}  // namespace convoy
