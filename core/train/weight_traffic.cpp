#include "core/train/weight_traffic.h"

#include <fmt/format.h>

namespace convoy {

WeightTraffic::WeightTraffic(Communication& communication, const ParameterStorage& storage)
    : communication_(communication), storage_(storage) {
  const size_t buckets = storage.sharding().buckets().size();
  for (size_t b = 0; b < buckets; ++b) {
    labels_.push_back(fmt::format("weights of bucket {} of {}", b + 1, buckets));
    gathered_.push_back(communication.device().make_event());
  }
}

void WeightTraffic::gather(int index, const Tensor& to) {
  const Bucket& bucket = storage_.sharding().buckets()[static_cast<size_t>(index)];
  communication_.follow_compute();
  communication_.communicator().label(step_, labels_[static_cast<size_t>(index)]);
  communication_.communicator().all_gather(communication_.stream(), to,
                                           storage_.weight_shards().range(bucket.offset, bucket.shard));
  communication_.stream().record(*gathered_[static_cast<size_t>(index)]);
}

void WeightTraffic::await(int bucket) { communication_.await(*gathered_[static_cast<size_t>(bucket)]); }

}  // namespace convoy
