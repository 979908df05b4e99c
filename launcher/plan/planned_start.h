// What opening the data asks of the ranks of a job: told from the data's manifests, as datasets/manifest_index.cpp
// sends them. Besides, one rank of each other machine reads its own manifest to compare, and nobody opens a shard.
#pragma once

#include <cstddef>
#include <optional>

#include "comm/simulated/cluster.h"
#include "core/config/config.h"

namespace convoy {

struct PlannedStart {
  size_t manifest_bytes = 0;   // read by rank 0
  size_t index_bytes = 0;      // broadcast by it
  simulated::Traffic traffic;  // of rank 0, for that
  size_t marks_bytes = 0;      // in the memory of each machine: which blocks were found whole
};

// Nothing where the data is not there.
std::optional<PlannedStart> planned_start(const Config& config, int ranks, const simulated::Cluster& cluster);

}  // namespace convoy
