#include "comm/simulated/step_traffic.h"

#include <vector>

#include "comm/bucket_reduction.h"
#include "comm/gradient_sync.h"
#include "core/base/integers.h"
#include "core/ops/reductions.h"

namespace convoy::simulated {
namespace {

// Rank 0 and those that it exchanges with along one axis of the mesh.
class Axis {
 public:
  // stride: from one of the ranks to the next.
  Axis(const Cluster& cluster, const Levels& levels, int stride) : cluster_(cluster) {
    for (const int size : levels.sizes()) {
      levels_.push_back(ranks(size, stride));
      stride *= size;
    }
    all_ = ranks(levels.ranks(), stride / levels.ranks());
  }

  bool is_alone() const { return all_.size() == 1; }
  Traffic call(Collective what, size_t bytes) const { return traffic_of(cluster_, what, all_, 0, bytes); }

  // LeveledGroup's; bytes: of what is gathered.
  Traffic all_gather(size_t bytes) const {
    Traffic sum;
    for (const std::vector<int>& level : levels_) {
      sum += traffic_of(cluster_, Collective::all_gather, level, 0, bytes);
      bytes /= level.size();
    }
    return sum;
  }
  // LeveledGroup's tree_sum_host; bytes: of a rank's values.
  Traffic tree_sum(size_t bytes) const {
    Traffic sum;
    for (const std::vector<int>& level : levels_)
      sum += traffic_of(cluster_, Collective::all_gather, level, 0, bytes * level.size());
    return sum;
  }
  // TreeExchange's; values: elements of the buffer, own_sum: of a rank's part, 0 where all of the sum comes back.
  Traffic exchange(int64_t values, int64_t own_sum, DType wire) const {
    const auto ranks = static_cast<int64_t>(all_.size());
    const int64_t part = own_sum > 0 ? own_sum : ceil_div(values, ranks);
    const size_t padded = static_cast<size_t>(part * ranks) * size_of(wire);
    Traffic sum = own_sum > 0 ? Traffic{} : all_gather(padded);
    size_t bytes = padded;
    for (const std::vector<int>& level : levels_) {
      sum += traffic_of(cluster_, Collective::all_to_all, level, 0, bytes);
      bytes /= level.size();
    }
    return sum;
  }

 private:
  static std::vector<int> ranks(int count, int stride) {
    std::vector<int> ranks;
    for (int i = 0; i < count; ++i) ranks.push_back(i * stride);
    return ranks;
  }

  const Cluster& cluster_;
  std::vector<std::vector<int>> levels_;
  std::vector<int> all_;
};

struct Axes {
  Axis shard, replicate, data;
};

Traffic traffic_of_bucket(const GradientSyncPlan& sync, const GradientBucket& bucket, const Axes& axes) {
  const int64_t values = bucket.values.elements(), own_sum = bucket.own_sum ? bucket.own_sum.elements() : 0;
  Traffic sum;
  if (keeps_order(sync)) {
    sum += axes.shard.exchange(values, own_sum, sync.wire);
    if (!axes.replicate.is_alone()) sum += axes.replicate.exchange(own_sum, 0, sync.wire);
  } else if (own_sum > 0) {
    sum += axes.shard.call(Collective::reduce_scatter, bucket.values.bytes());
    if (!axes.replicate.is_alone()) sum += axes.replicate.call(Collective::all_reduce, bucket.own_sum.bytes());
  } else {
    sum += axes.shard.call(Collective::all_reduce, bucket.values.bytes());
  }
  return sum;
}

Traffic of_gradients(const RunPlan& run, const Axes& axes) {
  Traffic sum;
  for (const GradientSyncPlan& sync : run.gradient_syncs)
    for (const GradientBucket& bucket : sync.buckets) sum += traffic_of_bucket(sync, bucket, axes);
  return sum;
}

Traffic of_updated_weights(const ModelPlan& model, const Axes& axes) {
  Traffic sum;
  for (const GroupPlan& group : model.groups()) {
    const Sharding& sharding = *group.sharding;
    if (!sharding.shards_optimizer() || sharding.shards_weights()) continue;
    for (const Bucket& bucket : sharding.buckets())
      sum += axes.shard.all_gather(static_cast<size_t>(bucket.shard * sharding.ranks()) * size_of(group.dtype));
  }
  return sum;
}

Traffic of_matrices(const ModelPlan& model, const Axes& axes) {
  Traffic sum;
  for (const GroupPlan& group : model.groups())
    if (group.terms.matrices && group.sharding->shards_optimizer())
      for (const Bucket& bucket : group.sharding->buckets())
        sum += axes.shard.all_gather(static_cast<size_t>(bucket.shard * group.sharding->ranks()) * sizeof(float));
  return sum;
}

Traffic of_gathers(const ModelPlan& model, int64_t passes, const Axes& axes) {
  Traffic sum;
  for (const Action& action : model.training().actions)
    if (action.kind == ActionKind::gather_weights)
      for (int64_t pass = 0; pass < passes; ++pass)
        sum += axes.shard.all_gather(action.bucket_memory.spec.unbound().bytes());
  return sum;
}

Traffic of_norm(const ModelPlan& model, const Axes& axes) {
  int64_t blocks = 0;
  bool sharded = false;
  for (const GroupPlan& group : model.groups()) {
    sharded |= group.sharding->shards_optimizer();
    if (group.learns()) blocks += ceil_div(group.layout.elements(), kSumSquaresBlock);
  }
  return sharded ? axes.shard.call(Collective::all_reduce, static_cast<size_t>(blocks) * sizeof(float)) : Traffic{};
}

// Losses, weights and flags.
Traffic of_results(const Axes& axes) {
  constexpr size_t kBytes = 5 * sizeof(double);
  Traffic sum = axes.shard.tree_sum(kBytes);
  if (!axes.replicate.is_alone()) sum += axes.replicate.tree_sum(kBytes);
  return sum;
}

}  // namespace

std::map<std::string, Traffic> step_traffic(const Cluster& cluster, const RankFacts& facts, const ModelPlan& model,
                                            const RunPlan& run, int64_t passes) {
  std::map<std::string, Traffic> all;
  if (facts.ranks == 1) return all;
  const Axes axes{Axis(cluster, facts.mesh.shard, 1), Axis(cluster, facts.mesh.replicate, facts.mesh.shard.ranks()),
                  Axis(cluster, Levels(facts.ranks), 1)};
  all["gradient bucket"] = of_gradients(run, axes);
  all["updated weights"] = of_updated_weights(model, axes);
  all["weights of bucket"] = of_gathers(model, passes, axes);
  all["directions of matrices"] = of_matrices(model, axes);
  all["gradient norm"] = of_norm(model, axes);
  if (!facts.every_target_counts || model.graph().weighs_rows())
    all["weights of targets"] =
        axes.data.call(Collective::all_gather, static_cast<size_t>(facts.virtual_ranks) * sizeof(float));
  all["host"] = of_results(axes);
  std::erase_if(all, [](const auto& mechanism) { return mechanism.second.calls == 0; });
  return all;
}

}  // namespace convoy::simulated
