#include "comm/bucket_reduction.h"

#include <algorithm>

#include "core/base/integers.h"
#include "core/comm/bytes_sent.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {
namespace {

int64_t shard_of(const GradientBucket& bucket, int ranks) {
  return bucket.own_sum ? bucket.own_sum.elements() : ceil_div(bucket.values.elements(), int64_t{ranks});
}

// A bucket goes out directly from the gradients if they are of the wire's dtype and split evenly over the ranks.
bool is_direct(const GradientBucket& bucket, int ranks, DType wire) {
  return wire == DType::f32 && bucket.values.elements() == shard_of(bucket, ranks) * ranks;
}

struct Sizes {
  size_t received = 0, staged = 0, sum = 0, of_groups = 0;  // bytes
};

Sizes sizes(const std::vector<GradientBucket>& buckets, int ranks, int groups, DType wire) {
  Sizes most;
  for (const GradientBucket& bucket : buckets) {
    const auto shard = static_cast<size_t>(shard_of(bucket, ranks));
    const size_t padded = shard * static_cast<size_t>(ranks) * size_of(wire);
    most.received = std::max(most.received, padded);
    if (groups > 1) most.of_groups = std::max(most.of_groups, shard * static_cast<size_t>(groups) * size_of(wire));
    if (is_direct(bucket, ranks, wire)) continue;
    most.staged = std::max(most.staged, padded);
    if (!bucket.own_sum) most.sum = std::max(most.sum, shard * sizeof(float));
  }
  return most;
}

void convert(Device& device, Stream& stream, const Tensor& to, const Tensor& from) {
  if (to.dtype == from.dtype)
    stream.copy(to.data, from.data, from.bytes());
  else
    device.ops().run(stream, Cast{to, from});
}

}  // namespace

BucketReduction::BucketReduction(Communication& communication, Communicator* replicas, DType wire,
                                 const std::vector<GradientBucket>& buckets)
    : device_(communication.device()),
      stream_(communication.stream()),
      communicator_(communication.communicator()),
      replicas_(replicas),
      wire_(wire) {
  const Sizes wanted = sizes(buckets, communicator_.size(), replicas == nullptr ? 1 : replicas->size(), wire);
  received_ = device_.allocate(wanted.received);
  staged_ = device_.allocate(wanted.staged);
  sum_ = device_.allocate(wanted.sum);
  of_groups_ = device_.allocate(wanted.of_groups);
  for (const Memory* memory : {&received_, &staged_})
    if (memory->bytes() > 0) registered_.push_back(communicator_.register_memory(memory->data(), memory->bytes()));
}

size_t BucketReduction::bytes(const std::vector<GradientBucket>& buckets, int ranks, int groups, DType wire) {
  const Sizes wanted = sizes(buckets, ranks, groups, wire);
  return wanted.received + wanted.staged + wanted.sum + wanted.of_groups;
}

size_t BucketReduction::sent_bytes(const std::vector<GradientBucket>& buckets, int ranks, int groups, DType wire) {
  size_t bytes = 0;
  for (const GradientBucket& bucket : buckets) {
    const size_t shard = static_cast<size_t>(shard_of(bucket, ranks)) * size_of(wire);
    const size_t padded = shard * static_cast<size_t>(ranks);
    bytes += sent_by_all_to_all(padded, ranks) + sent_by_all_gather(shard * static_cast<size_t>(groups), groups);
    if (!bucket.own_sum) bytes += sent_by_all_gather(padded, ranks);
  }
  return bytes;
}

void BucketReduction::run(const GradientBucket& bucket) {
  if (is_direct(bucket, communicator_.size(), wire_))
    sum_directly(bucket);
  else
    sum_through_wire(bucket);
  if (replicas_ != nullptr) sum_over_groups(bucket.own_sum);
}

// A group's ranks are whole subtrees of the sum; what is above them is the tree over groups.
void BucketReduction::sum_over_groups(const Tensor& sum) {
  const int groups = replicas_->size();
  const int64_t shard = sum.elements();
  const Tensor all{of_groups_.data(), wire_, {shard * groups}};
  const Tensor mine = all.range(replicas_->rank() * shard, shard);
  convert(device_, stream_, mine, sum);
  replicas_->all_gather(stream_, all, mine);
  device_.ops().run(stream_, TreeSum{sum, all.reshaped({groups, shard})});
}

void BucketReduction::sum_directly(const GradientBucket& bucket) {
  const int ranks = communicator_.size();
  const int64_t shard = shard_of(bucket, ranks);
  const Tensor received{received_.data(), wire_, {bucket.values.elements()}};
  const Tensor sum = bucket.own_sum ? bucket.own_sum : bucket.values.range(communicator_.rank() * shard, shard);
  communicator_.all_to_all(stream_, received, bucket.values);
  device_.ops().run(stream_, TreeSum{sum, received.reshaped({ranks, shard})});
  if (!bucket.own_sum) communicator_.all_gather(stream_, bucket.values, sum);
}

void BucketReduction::sum_through_wire(const GradientBucket& bucket) {
  const int ranks = communicator_.size();
  const int64_t n = bucket.values.elements(), shard = shard_of(bucket, ranks);
  const Tensor staged{staged_.data(), wire_, {shard * ranks}};
  const Tensor received{received_.data(), wire_, {shard * ranks}};
  const Tensor sum = bucket.own_sum ? bucket.own_sum : Tensor{sum_.data(), DType::f32, {shard}};

  convert(device_, stream_, staged.range(0, n), bucket.values);
  const Tensor padding = staged.range(n, staged.elements() - n);
  if (padding.elements() > 0) stream_.zero(padding.data, padding.bytes());
  communicator_.all_to_all(stream_, received, staged);
  device_.ops().run(stream_, TreeSum{sum, received.reshaped({ranks, shard})});
  if (bucket.own_sum) return;
  const Tensor mine = staged.range(communicator_.rank() * shard, shard);
  convert(device_, stream_, mine, sum);
  communicator_.all_gather(stream_, staged, mine);
  convert(device_, stream_, bucket.values, staged.range(0, n));
}

}  // namespace convoy
