// The ranks of a run as a mesh with named axes, along which they divide its work.
//
// So far there is one, `data`, whose ranks compute different samples of a step. It has two parts: `shard`, neighbours
// that hold one copy between them of what is sharded, and `replicate`, the ranks with the same shards, which are kept
// equal by adding their gradients (hybrid sharding, as in Zhang et al., arXiv:2205.00119).
//
// What divides samples or adds over them takes data(); what means every process of the run, to fail, to stop or to read
// the same files together, takes world(). Today these are the same ranks; nobody may count on it.
#pragma once

#include <optional>

#include "core/comm/communicator.h"
#include "core/comm/leveled_group.h"

namespace convoy {

// How many ranks an axis has, and how they exchange.
struct MeshShape {
  Levels shard, replicate;
  int ranks() const { return shard.ranks() * replicate.ranks(); }
};

class Mesh {
 public:
  // All ranks shard with each other, at one level. The communicator outlives the mesh.
  explicit Mesh(Communicator& world) : Mesh(world, {.shard = world.size()}) {}
  // Collective. As many neighbours shard as the shape says, groups of them replicate.
  Mesh(Communicator& world, const MeshShape& shape);

  Communicator& world() const { return world_; }
  Communicator& data() const { return world_; }
  // This rank's group.
  const LeveledGroup& shard() const { return *shard_; }
  // In the order of groups; null: there is one group.
  const LeveledGroup* replicate() const { return replicate_ ? &*replicate_ : nullptr; }
  MeshShape shape() const { return {shard_->levels(), replicate_ ? replicate_->levels() : Levels()}; }

 private:
  Communicator& world_;
  std::unique_ptr<Communicator> shard_ranks_, replicate_ranks_;  // null: all ranks shard
  std::optional<LeveledGroup> shard_, replicate_;
};

}  // namespace convoy
