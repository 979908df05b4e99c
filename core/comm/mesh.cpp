#include "core/comm/mesh.h"

#include <fmt/format.h>

namespace convoy {

Mesh::Mesh(Communicator& world, int shard_ranks) : world_(world) {
  if (shard_ranks < 1 || data().size() % shard_ranks != 0)
    throw InternalError(fmt::format("a mesh of {} ranks in groups of {}", data().size(), shard_ranks));
  if (shard_ranks == data().size()) return;
  const int group = data().rank() / shard_ranks, place = data().rank() % shard_ranks;
  shard_ = data().split(group, place);
  replicate_ = data().split(place, group);
}

}  // namespace convoy
