// The ranks of a run as a mesh with named axes, along which they divide its work.
//
// So far there is one, `data`, whose ranks compute different samples of a step. It has two parts: `shard`, neighbours
// that hold one copy between them of what is sharded, and `replicate`, the ranks with the same shards, which are kept
// equal by adding their gradients (hybrid sharding, as in Zhang et al., arXiv:2205.00119).
//
// What divides samples or adds over them takes data(); what means every process of the run, to fail, to stop or to read
// the same files together, takes world(). Today these are the same ranks; nobody may count on it.
#pragma once

#include <memory>

#include "core/comm/communicator.h"

namespace convoy {

class Mesh {
 public:
  // All ranks shard with each other. The communicator outlives the mesh.
  explicit Mesh(Communicator& world) : world_(world) {}
  // Collective. Groups of so many neighbours shard; a divisor of the ranks.
  Mesh(Communicator& world, int shard_ranks);

  Communicator& world() const { return world_; }
  Communicator& data() const { return world_; }
  // This rank's group.
  Communicator& shard() const { return shard_ ? *shard_ : data(); }
  // In the order of groups; null: there is one group.
  Communicator* replicate() const { return replicate_.get(); }

 private:
  Communicator& world_;
  std::unique_ptr<Communicator> shard_, replicate_;
};

}  // namespace convoy
