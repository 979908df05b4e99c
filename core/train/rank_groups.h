// Who shards with whom: groups of neighbouring ranks, as a rule those of a node, hold one copy of what is sharded
// between them; the same shards of several groups are kept equal by adding their gradients across groups (hybrid
// sharding, as in Zhang et al., arXiv:2205.00119).
#pragma once

#include <memory>

#include "core/comm/communicator.h"
#include "core/config/config.h"

namespace convoy {

// How many neighbouring ranks shard with each other: parallel.shard_ranks or, where it is auto, those of a node, if
// that divides the ranks; all where nothing is sharded. Throws ConfigError if parallel.shard_ranks does not fit the
// ranks.
int shard_group(const ParallelConfig& config, int ranks, int ranks_of_a_node);

class RankGroups {
 public:
  // Collective; the communicator outlives this. One group of all ranks where nothing is sharded. Throws as
  // shard_group does.
  RankGroups(const ParallelConfig& config, Communicator& ranks);

  // This rank's group.
  Communicator& group() const { return group_ ? *group_ : ranks_; }
  // The ranks that hold the same shards in every group, in the order of groups; null: there is one group.
  Communicator* replicas() const { return replicas_.get(); }

 private:
  Communicator& ranks_;
  std::unique_ptr<Communicator> group_, replicas_;
};

}  // namespace convoy
