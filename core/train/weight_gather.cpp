#include "core/train/weight_gather.h"

#include <algorithm>

#include "core/comm/bytes_sent.h"

namespace convoy {

namespace {

bool is_needed(const Sharding& sharding) { return sharding.shards_optimizer() && !sharding.shards_weights(); }

int64_t gathered_elements(const Bucket& bucket, const Sharding& sharding) { return bucket.shard * sharding.ranks(); }

}  // namespace

WeightGather::WeightGather(Communication& communication, ParameterStorage& storage)
    : communication_(communication),
      storage_(storage),
      staging_(communication.device().allocate(planned_memory(storage.sharding(), storage.dtype()).communication)) {}

// Buckets whose last shards reach beyond their ends would be gathered over their neighbours.
MemoryUse WeightGather::planned_memory(const Sharding& sharding, DType dtype) {
  int64_t most = 0;
  if (is_needed(sharding))
    for (const Bucket& bucket : sharding.buckets())
      if (gathered_elements(bucket, sharding) != bucket.elements())
        most = std::max(most, gathered_elements(bucket, sharding));
  return {.communication = static_cast<size_t>(most) * size_of(dtype)};
}

size_t WeightGather::sent_bytes(const Sharding& sharding, DType dtype) {
  size_t bytes = 0;
  if (is_needed(sharding))
    for (const Bucket& bucket : sharding.buckets())
      bytes += sent_by_all_gather(static_cast<size_t>(gathered_elements(bucket, sharding)) * size_of(dtype),
                                  sharding.ranks());
  return bytes;
}

void WeightGather::run(int64_t step) {
  const std::vector<Bucket>& buckets = storage_.sharding().buckets();
  if (!is_needed(storage_.sharding())) return;
  communication_.follow_compute();
  communication_.communicator().label(step, "updated weights");
  for (const Bucket& bucket : buckets) gather(bucket);
  communication_.await_all();
}

void WeightGather::gather(const Bucket& bucket) {
  const Sharding& sharding = storage_.sharding();
  const Tensor weights = storage_.weights().range(bucket.begin, bucket.elements());
  const int64_t all = gathered_elements(bucket, sharding), first = sharding.rank() * bucket.shard;
  Stream& stream = communication_.stream();
  if (all == bucket.elements()) {
    communication_.communicator().all_gather(stream, weights, weights.range(first, bucket.shard));
    return;
  }
  const Tensor staged{staging_.data(), storage_.dtype(), {all}};
  const Tensor mine = staged.range(first, bucket.shard);
  const int64_t count = std::clamp(bucket.elements() - first, int64_t{0}, bucket.shard);
  if (count < bucket.shard) stream.zero(mine.data, mine.bytes());
  if (count > 0) stream.copy(mine.data, weights.range(first, count).data, weights.range(first, count).bytes());
  communication_.communicator().all_gather(stream, staged, mine);
  stream.copy(weights.data, staged.data, weights.bytes());
}

}  // namespace convoy
