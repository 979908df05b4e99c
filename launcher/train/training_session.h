// One start of a training run on this rank: builds one concrete object of each kind, trains, and leaves the run folder
// in order.
#pragma once

#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

// Collective. Returns the exit code. debug: one rank only.
int run_training(Config config, Communicator& communicator, bool debug);

}  // namespace convoy
