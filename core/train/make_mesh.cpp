#include "core/train/make_mesh.h"

#include <fmt/format.h>

#include <bit>
#include <vector>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {

constexpr int kLeastGroup = 32;

// The largest group whose shards pad so many parameters by at most 1%, be each bucket cut for itself.
int64_t group_with_little_padding(const ParallelConfig& config, int ranks, int64_t parameters) {
  const auto bytes = parameters * static_cast<int64_t>(sizeof(float));
  const int64_t buckets = ceil_div(bytes, config.bucket_bytes) + 1;
  int64_t group = kLeastGroup;
  if (ranks % group != 0) return ranks;
  while (ranks % (2 * group) == 0 && 100 * 2 * group * kSumSquaresBlock * buckets <= parameters) group *= 2;
  return group;
}

void check(int64_t group, const ParallelConfig& config, int ranks) {
  if (group < 2 || ranks % group != 0)
    throw ConfigError(
        fmt::format("parallel.shard_ranks = {} does not divide {} ranks into groups of two or more; write "
                    "a divisor, such as the ranks of a node, or auto",
                    group, ranks));
  if (config.reproducible && group < ranks && !std::has_single_bit(static_cast<uint64_t>(group)))
    throw ConfigError(
        fmt::format("parallel.shard_ranks = {}: the fixed order of sums wants groups of 2, 4, 8, ... ranks; "
                    "write {} or set parallel.reproducible=false",
                    group, ranks));
}

}  // namespace

int ranks_of_a_node(Communicator& ranks) {
  const int mine[2] = {ranks.local_rank(), ranks.local_size()};
  std::vector<int> all(2 * static_cast<size_t>(ranks.size()));
  ranks.all_gather_host(all.data(), mine, sizeof mine);
  const int size = all[1];
  if (size < 2 || ranks.size() % size != 0) return ranks.size();
  for (int rank = 0; rank < ranks.size(); ++rank)
    if (all[2 * static_cast<size_t>(rank)] != rank % size || all[2 * static_cast<size_t>(rank) + 1] != size)
      return ranks.size();
  return size;
}

int shard_group(const ParallelConfig& config, int ranks, int ranks_of_a_node, int64_t parameters) {
  if (config.stage == 0 || ranks == 1) return ranks;
  int64_t size = config.shard_ranks.value_or(ranks_of_a_node);
  const bool fits_tree = !config.reproducible || std::has_single_bit(static_cast<uint64_t>(size));
  if (!config.shard_ranks.value && (size < 2 || ranks % size != 0 || !fits_tree)) size = ranks;
  if (!config.shard_ranks.value && size > kNeverTooMany && parameters > 0)
    size = group_with_little_padding(config, ranks, parameters);
  check(size, config, ranks);
  return static_cast<int>(size);
}

MeshShape mesh_shape(const ParallelConfig& config, int ranks, int ranks_of_a_node, int64_t parameters) {
  const int group = shard_group(config, ranks, ranks_of_a_node, parameters);
  const bool keeps_order = config.reproducible || config.gradient_dtype != GradientDType::f32;
  if (!keeps_order) return {group, ranks / group};
  const int groups_of_a_node = ranks_of_a_node % group == 0 ? ranks_of_a_node / group : 1;
  return {levels_of(group, ranks_of_a_node), levels_of(ranks / group, groups_of_a_node)};
}

Mesh make_mesh(const ParallelConfig& config, Communicator& world, int64_t parameters) {
  const int node = config.node_ranks.value ? static_cast<int>(*config.node_ranks.value) : ranks_of_a_node(world);
  return Mesh(world, mesh_shape(config, world.size(), node, parameters));
}

}  // namespace convoy
