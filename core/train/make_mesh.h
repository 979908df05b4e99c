// The mesh that a config asks for: who shards with whom.
#pragma once

#include "core/comm/mesh.h"
#include "core/config/config.h"

namespace convoy {

// How many neighbouring ranks shard with each other: parallel.shard_ranks or, where it is auto, those of a node, if
// that divides the ranks; all where nothing is sharded. Throws ConfigError if parallel.shard_ranks does not fit the
// ranks.
int shard_group(const ParallelConfig& config, int ranks, int ranks_of_a_node);

// Who shards with whom, and how each exchanges: level by level, a node's ranks first, where sums keep the fixed order;
// in one call of the library where they need not. Throws as shard_group does.
MeshShape mesh_shape(const ParallelConfig& config, int ranks, int ranks_of_a_node);

// Collective; the communicator outlives the mesh. Nodes are those of the machine, or parallel.node_ranks. Throws as
// shard_group does.
Mesh make_mesh(const ParallelConfig& config, Communicator& world);

}  // namespace convoy
