#include "comm/bucket_reduction.h"

#include <algorithm>

#include "core/comm/bytes_sent.h"

namespace convoy {
namespace {

std::vector<SummedBuffer> whole_buckets(const GradientSyncPlan& plan) {
  std::vector<SummedBuffer> buffers;
  for (const GradientBucket& bucket : plan.buckets) buffers.push_back({bucket.values, bucket.own_sum});
  return buffers;
}

std::vector<SummedBuffer> shards_of_groups(const GradientSyncPlan& plan) {
  std::vector<SummedBuffer> buffers;
  if (plan.groups.ranks() > 1)
    for (const GradientBucket& bucket : plan.buckets) buffers.push_back({bucket.own_sum, {}});
  return buffers;
}

size_t largest_shard_bytes(const GradientSyncPlan& plan) {
  size_t most = 0;
  for (const GradientBucket& bucket : plan.buckets) most = std::max(most, bucket.own_sum.bytes());
  return most;
}

}  // namespace

bool keeps_order(const GradientSyncPlan& plan) { return plan.reproducible || plan.wire != DType::f32; }

BucketReduction::BucketReduction(const GradientSyncPlan& plan, Communication& communication,
                                 const LeveledGroup* replicas)
    : stream_(communication.stream()), ranks_(communication.group()), replicas_(replicas) {
  Device& device = communication.device();
  memory_ = device.allocate(bytes(plan));
  if (!keeps_order(plan)) return;
  within_.emplace(device, stream_, ranks_, plan.wire, whole_buckets(plan), memory_.data());
  if (replicas != nullptr)
    over_groups_.emplace(device, stream_, *replicas, plan.wire, shards_of_groups(plan), memory_.data());
}

size_t BucketReduction::bytes(const GradientSyncPlan& plan) {
  if (!keeps_order(plan)) return largest_shard_bytes(plan);
  return std::max(TreeExchange::bytes(whole_buckets(plan), plan.ranks, plan.wire),
                  TreeExchange::bytes(shards_of_groups(plan), plan.groups, plan.wire));
}

// The library's reductions send as much.
size_t BucketReduction::sent_bytes(const GradientSyncPlan& plan) {
  return TreeExchange::sent_bytes(whole_buckets(plan), plan.ranks, plan.wire) +
         TreeExchange::sent_bytes(shards_of_groups(plan), plan.groups, plan.wire);
}

// A group's ranks are whole subtrees of the sum; what is above them is the tree over groups.
void BucketReduction::run(const GradientBucket& bucket) {
  if (!within_) return sum_plainly(bucket);
  within_->run({bucket.values, bucket.own_sum});
  if (over_groups_) over_groups_->run({bucket.own_sum, {}});
}

void BucketReduction::sum_plainly(const GradientBucket& bucket) {
  const Tensor sum{memory_.data(), DType::f32, bucket.own_sum.shape};
  ranks_.ranks().reduce_scatter(stream_, sum, bucket.values);
  if (replicas_ != nullptr) replicas_->ranks().all_reduce(stream_, sum);
  stream_.copy(bucket.own_sum.data, sum.data, sum.bytes());
}

}  // namespace convoy
