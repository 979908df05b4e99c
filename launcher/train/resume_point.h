// Where a start goes on: the newest whole checkpoint of the run, if there is one, the same on all ranks.
#pragma once

#include <memory>

#include "core/checkpoint/open_together.h"
#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

// Collective. Rank 0 looks, checks checksums and puts in order what earlier starts left half-done. Absent: from the
// start. Throws ConfigError if the config's seed or virtual ranks are not the run's.
std::unique_ptr<CheckpointReader> find_resume_point(const Config& config, Communicator& communicator,
                                                    const DamagedCheckpoints& damaged = {});

// The virtual ranks of the run: the checkpoint's, or the config's for this number of ranks. Throws ConfigError if they
// do not fit the ranks and the batch.
int64_t resolve_virtual_ranks(const Config& config, const CheckpointReader* checkpoint, int ranks);

}  // namespace convoy
