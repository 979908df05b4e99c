#include "core/train/gradient_buckets.h"

namespace convoy {

std::vector<GradientBucket> gradient_buckets(const Sharding& sharding, const Tensor& gradients, const Tensor& shards,
                                             const std::vector<Tensor>& own) {
  std::vector<GradientBucket> buckets;
  for (const Bucket& bucket : sharding.buckets()) {
    const Tensor values =
        sharding.shards_gradients() ? own[buckets.size()] : gradients.range(bucket.begin, bucket.elements());
    Tensor own_sum;
    if (shards)
      own_sum = shards.range(bucket.offset, bucket.shard);
    else if (sharding.shards_optimizer())
      own_sum = values.range(sharding.rank() * bucket.shard, bucket.shard);
    buckets.push_back({bucket.begin, bucket.end, values, own_sum});
  }
  return buckets;
}

}  // namespace convoy
