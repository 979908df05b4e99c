// Which of several ways operators take, settled before training: the same on all ranks and at every start of a run,
// because the bits follow from it.
#pragma once

#include <string>

#include "core/comm/communicator.h"
#include "core/ops/ops.h"

namespace convoy {

inline constexpr const char* kOperatorsFile = "operators.json";  // of a checkpoint

// Collective, behind what plans the run. `recorded`: of the run so far, empty if there is nothing. Timed: rank 0 times
// what has no choice yet, and all ranks take its choices. Returns what is to be recorded. Warns where a rank cannot
// compute as was chosen. Throws CheckpointError if the record is none.
std::string settle_operators(Ops& ops, Stream& stream, Communicator& ranks, bool timed, const std::string& recorded);

}  // namespace convoy
