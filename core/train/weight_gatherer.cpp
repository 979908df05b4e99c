#include "core/train/weight_gatherer.h"

#include <fmt/format.h>

namespace convoy {

WeightGatherer::WeightGatherer(Communication& communication, const Model& model) : communication_(communication) {
  for (size_t g = 0; g < model.groups().size(); ++g) {
    const ParameterStorage& storage = *model.groups()[g];
    Group& group = groups_.emplace_back(Group{storage, {}, {}});
    const size_t buckets = storage.sharding().buckets().size();
    const std::string of_group = in_group(model.plan().groups()[g].terms.name);
    for (size_t b = 0; b < buckets; ++b) {
      group.labels.push_back(fmt::format("weights of bucket {} of {}{}", b + 1, buckets, of_group));
      group.gathered.push_back(communication.device().make_event());
    }
  }
}

void WeightGatherer::gather(int group, int index, const Tensor& to) {
  const Group& of = groups_[static_cast<size_t>(group)];
  const auto b = static_cast<size_t>(index);
  const Bucket& bucket = of.storage.sharding().buckets()[b];
  communication_.follow_compute();
  communication_.group().label(step_, of.labels[b]);
  communication_.group().all_gather(communication_.stream(), to,
                                    of.storage.weight_shards().range(bucket.offset, bucket.shard));
  communication_.stream().record(*of.gathered[b]);
}

void WeightGatherer::await(int group, int bucket) {
  communication_.await(*groups_[static_cast<size_t>(group)].gathered[static_cast<size_t>(bucket)]);
}

}  // namespace convoy
