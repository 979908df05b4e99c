// Ranks that are threads of one process, with collectives in shared memory that really block: what the logic above a
// Communicator is tested with, without mpirun and under ThreadSanitizer.
#pragma once

#include <functional>

#include "core/comm/communicator.h"

namespace convoy {

// Runs body once per rank, each in a thread of its own, and returns when all are done. If a body throws, the ranks that
// wait for it get an InternalError in their collectives, and the first exception is rethrown here. timeout_s: of the
// watchdog of each rank, 0: none. abort() ends the whole process.
void on_threads(int ranks, const std::function<void(Communicator&)>& body, double timeout_s = 0);

}  // namespace convoy
