#include "core/comm/mesh.h"

#include <gtest/gtest.h>

#include "comm/local/thread_communicator.h"

namespace convoy {
namespace {

// The ranks of a communicator, in its order.
std::vector<int> members(Communicator& part, int world_rank) {
  std::vector<int> ranks(static_cast<size_t>(part.size()));
  part.all_gather_host(ranks.data(), &world_rank, sizeof world_rank);
  return ranks;
}

TEST(Mesh, GroupsOfNeighboursShardAndTheSamePlacesAreReplicas) {
  on_threads(6, [](Communicator& world) {
    const Mesh mesh(world, {.shard = 2, .replicate = 3});
    const int rank = world.rank(), group = rank / 2, place = rank % 2;
    EXPECT_EQ(members(mesh.data(), rank), (std::vector<int>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(members(mesh.shard().ranks(), rank), (std::vector<int>{2 * group, 2 * group + 1}));
    ASSERT_NE(mesh.replicate(), nullptr);
    EXPECT_EQ(members(mesh.replicate()->ranks(), rank), (std::vector<int>{place, place + 2, place + 4}));
    EXPECT_EQ(mesh.replicate()->ranks().rank(), group);
  });
}

TEST(Mesh, OneGroupIsAllRanks) {
  on_threads(3, [](Communicator& world) {
    const Mesh mesh(world);
    EXPECT_EQ(mesh.replicate(), nullptr);
    EXPECT_EQ(&mesh.shard().ranks(), &mesh.data());
    EXPECT_THROW(Mesh(world, {.shard = 2}), InternalError);
  });
}

}  // namespace
}  // namespace convoy
