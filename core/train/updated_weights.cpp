#include "core/train/updated_weights.h"

#include <algorithm>

#include "core/comm/bytes_sent.h"

namespace convoy {

namespace {

bool is_needed(const Sharding& sharding) { return sharding.shards_optimizer() && !sharding.shards_weights(); }

int64_t gathered_elements(const Bucket& bucket, const Sharding& sharding) { return bucket.shard * sharding.ranks(); }

}  // namespace

UpdatedWeights::UpdatedWeights(Communication& communication, std::vector<ParameterStorage*> groups)
    : communication_(communication), groups_(std::move(groups)) {
  std::vector<Gathered> gathered;
  for (const ParameterStorage* storage : groups_) gathered.push_back({storage->sharding(), storage->dtype()});
  staging_ = communication.device().allocate(planned_memory(gathered).communication);
}

// Buckets whose last shards reach beyond their ends would be gathered over their neighbours.
MemoryUse UpdatedWeights::planned_memory(const std::vector<Gathered>& groups) {
  size_t most = 0;
  for (const auto& [sharding, dtype] : groups)
    if (is_needed(sharding))
      for (const Bucket& bucket : sharding.buckets())
        if (gathered_elements(bucket, sharding) != bucket.elements())
          most = std::max(most, static_cast<size_t>(gathered_elements(bucket, sharding)) * size_of(dtype));
  return {.communication = most};
}

size_t UpdatedWeights::sent_bytes(const std::vector<Gathered>& groups) {
  size_t bytes = 0;
  for (const auto& [sharding, dtype] : groups)
    if (is_needed(sharding))
      for (const Bucket& bucket : sharding.buckets())
        bytes += sent_by_all_gather(static_cast<size_t>(gathered_elements(bucket, sharding)) * size_of(dtype),
                                    sharding.ranks());
  return bytes;
}

void UpdatedWeights::run(int64_t step) {
  if (std::ranges::none_of(groups_, [](const auto* group) { return is_needed(group->sharding()); })) return;
  communication_.follow_compute();
  communication_.group().label(step, "updated weights");
  for (const ParameterStorage* storage : groups_)
    if (is_needed(storage->sharding()))
      for (const Bucket& bucket : storage->sharding().buckets()) gather(*storage, bucket);
  communication_.await_all();
}

void UpdatedWeights::gather(const ParameterStorage& storage, const Bucket& bucket) {
  const Sharding& sharding = storage.sharding();
  const Tensor weights = storage.weights().range(bucket.begin, bucket.elements());
  const int64_t all = gathered_elements(bucket, sharding), first = sharding.rank() * bucket.shard;
  Stream& stream = communication_.stream();
  if (all == bucket.elements()) {
    communication_.group().all_gather(stream, weights, weights.range(first, bucket.shard));
    return;
  }
  const Tensor staged{staging_.data(), storage.dtype(), {all}};
  const Tensor mine = staged.range(first, bucket.shard);
  const int64_t count = std::clamp(bucket.elements() - first, int64_t{0}, bucket.shard);
  if (count < bucket.shard) stream.zero(mine.data, mine.bytes());
  if (count > 0) stream.copy(mine.data, weights.range(first, count).data, weights.range(first, count).bytes());
  communication_.group().all_gather(stream, staged, mine);
  stream.copy(weights.data, staged.data, weights.bytes());
}

}  // namespace convoy
