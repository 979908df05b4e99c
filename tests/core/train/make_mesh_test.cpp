#include "core/train/make_mesh.h"

#include <gtest/gtest.h>

#include "core/base/error.h"

namespace convoy {
namespace {

int group_of(int64_t stage, int ranks, int node, const Auto& asked = {}, bool reproducible = true) {
  ParallelConfig config;
  config.stage = stage;
  config.shard_ranks = asked;
  config.reproducible = reproducible;
  return shard_group(config, ranks, node);
}

TEST(ShardGroup, IsTheNodeWhereThatDividesTheRanksAndTheTree) {
  EXPECT_EQ(group_of(0, 16, 8), 16) << "nothing is sharded";
  EXPECT_EQ(group_of(3, 16, 8), 8);
  EXPECT_EQ(group_of(3, 8, 8), 8);
  EXPECT_EQ(group_of(1, 12, 8), 12);
  EXPECT_EQ(group_of(1, 12, 6), 12) << "no subtree of the fixed sum";
  EXPECT_EQ(group_of(1, 12, 6, {}, false), 6);
  EXPECT_EQ(group_of(2, 4, 1), 4);
}

// A part of a bucket is at least a block of the gradient norm: where no node says how many ranks are to shard, it is no
// more than the model has blocks for.
TEST(ShardGroup, IsNoLargerThanTheModelHasPartsFor) {
  ParallelConfig config;
  config.stage = 1;
  constexpr int64_t kMillion = 1'000'000;
  EXPECT_EQ(shard_group(config, 16384, 1, 85 * kMillion), 32);
  EXPECT_EQ(shard_group(config, 16384, 8, 85 * kMillion), 8);
  EXPECT_EQ(shard_group(config, 64, 1, 85 * kMillion), 64);
  config.bucket_bytes = 400'000'000;
  EXPECT_EQ(shard_group(config, 16384, 1, 85 * kMillion), 256);
  EXPECT_EQ(shard_group(config, 16384, 1, 70'000 * kMillion), 512);
  EXPECT_EQ(shard_group(config, 100, 1, 85 * kMillion), 100) << "no group of 32 or more";
  config.shard_ranks.value = 16384;
  EXPECT_EQ(shard_group(config, 16384, 1, 85 * kMillion), 16384) << "as was asked for";
}

TEST(ShardGroup, IsWhatWasAskedFor) {
  EXPECT_EQ(group_of(3, 16, 8, Auto{4}), 4);
  EXPECT_EQ(group_of(0, 16, 8, Auto{4}), 16);
  EXPECT_EQ(group_of(3, 1, 1, Auto{4}), 1);
  EXPECT_THROW(group_of(3, 16, 8, Auto{3}), ConfigError);
  EXPECT_THROW(group_of(3, 12, 8, Auto{6}), ConfigError);
  EXPECT_EQ(group_of(3, 12, 8, Auto{6}, false), 6);
}

MeshShape shape_of(int64_t stage, int ranks, int node, bool reproducible = true,
                   GradientDType wire = GradientDType::f32) {
  ParallelConfig config;
  config.stage = stage;
  config.reproducible = reproducible;
  config.gradient_dtype = wire;
  return mesh_shape(config, ranks, node);
}

TEST(MeshShape, ExchangesANodesRanksFirst) {
  EXPECT_EQ(shape_of(0, 64, 8).shard, Levels({4, 2, 4, 2}));
  EXPECT_EQ(shape_of(3, 64, 8).shard, Levels({4, 2}));
  EXPECT_EQ(shape_of(3, 64, 8).replicate, Levels({4, 2}));
  EXPECT_EQ(shape_of(0, 12, 4).shard, Levels({4, 3}));
}

TEST(MeshShape, LeavesSumsWithoutAnOrderToTheLibrary) {
  EXPECT_EQ(shape_of(3, 64, 8, false).shard, Levels(8));
  EXPECT_EQ(shape_of(0, 64, 8, false).shard, Levels(64));
  EXPECT_EQ(shape_of(0, 64, 8, false, GradientDType::bf16).shard, Levels({4, 2, 4, 2}));
}

}  // namespace
}  // namespace convoy
