#include "core/comm/mesh.h"

#include <fmt/format.h>

#include <vector>

namespace convoy {

Mesh::Mesh(Communicator& world, const MeshShape& shape) : world_(world) {
  const int shard_ranks = shape.shard.ranks();
  if (shape.ranks() != data().size())
    throw InternalError(
        fmt::format("a mesh of {} ranks in {} groups of {}", data().size(), shape.replicate.ranks(), shard_ranks));
  if (shape.replicate.ranks() == 1) {
    shard_.emplace(data(), shape.shard);
    return;
  }
  const int group = data().rank() / shard_ranks, place = data().rank() % shard_ranks;
  std::vector<int> neighbours, replicas;
  for (int i = 0; i < shard_ranks; ++i) neighbours.push_back(group * shard_ranks + i);
  for (int i = 0; i < shape.replicate.ranks(); ++i) replicas.push_back(i * shard_ranks + place);
  shard_ranks_ = data().group_of(neighbours);
  replicate_ranks_ = data().group_of(replicas);
  shard_.emplace(*shard_ranks_, shape.shard);
  replicate_.emplace(*replicate_ranks_, shape.replicate);
}

}  // namespace convoy
