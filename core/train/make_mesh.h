// The mesh that a config asks for: who shards with whom.
#pragma once

#include "core/comm/mesh.h"
#include "core/config/config.h"

namespace convoy {

// Collective. The ranks of a node where every node has as many, one after the other; otherwise all.
int ranks_of_a_node(Communicator& ranks);

// So many ranks may shard whatever their padding.
inline constexpr int kNeverTooMany = 64;

// How many neighbouring ranks shard with each other: parallel.shard_ranks or, where it is auto, those of a node, if
// that divides the ranks, else all; all where nothing is sharded. A rank's part of a bucket is whole blocks of the
// gradient norm, so that many ranks pad what they send: where auto would take more than kNeverTooMany ranks, it takes
// as many as keep the padding of so many parameters below 1% (0: unknown, all), but 32 at least. Throws ConfigError if
// parallel.shard_ranks does not fit the ranks.
int shard_group(const ParallelConfig& config, int ranks, int ranks_of_a_node, int64_t parameters = 0);

// Who shards with whom, and how each exchanges: level by level, a node's ranks first, where sums keep the fixed order;
// in one call of the library where they need not. Throws as shard_group does.
MeshShape mesh_shape(const ParallelConfig& config, int ranks, int ranks_of_a_node, int64_t parameters = 0);

// Collective; the communicator outlives the mesh. Nodes are those of the machine, or parallel.node_ranks. Throws as
// shard_group does.
Mesh make_mesh(const ParallelConfig& config, Communicator& world, int64_t parameters = 0);

}  // namespace convoy
