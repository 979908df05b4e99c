#include "core/train/snapshot.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/state_names.h"

namespace convoy {

Snapshot::Snapshot(Communication& communication, Model& model, std::string_view optimizer, const SnapshotRank& rank)
    : communication_(communication),
      model_(model),
      optimizer_(optimizer),
      files_(model.plan(), rank.rank, rank.ranks, rank.file_bytes) {
  const std::vector<ParameterStorage*> storages = model.storages();
  const std::vector<GroupPlan>& plans = model.plan().groups();
  const std::vector<KeptPlan>& kept = model.plan().kept();
  for (size_t i = 0; i < storages.size(); ++i)
    if (i < plans.size() || !kept[i - plans.size()].of_base)
      groups_.emplace_back(communication, *storages[i], i < plans.size() ? plans[i].terms.name : "", model.arena(),
                           rank.rank, files_.range_in(storages[i]->layout()));
}

namespace {

void append(std::vector<NamedTensor>& all, std::vector<NamedTensor> more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<StateShard::Array> states_of(const GroupPlan& group) {
  std::vector<StateShard::Array> states;
  if (group.dtype != DType::f32) states.push_back({kMasterState});
  for (const std::string& name : group.states.names) states.push_back({name, nullptr, group.states.dtype_of(name)});
  return states;
}

// Every group is sharded over the same ranks.
void tell_place(const Sharding& sharding, OptimizerShard& optimizer) {
  optimizer.place = sharding.rank();
  optimizer.holders = sharding.ranks();
}

}  // namespace

CheckpointContents Snapshot::planned_contents(const ModelPlan& model, const SnapshotRank& rank) {
  CheckpointContents contents;
  const WeightFiles files(model, rank.rank, rank.ranks, rank.file_bytes);
  files.tell(contents);
  for (const int i : files.parameters()) {
    const ParameterSpec& spec = model.layout().parameters()[static_cast<size_t>(i)].spec;
    append(contents.weights, stored_weights(spec, {nullptr, spec.dtype(model.options().dtype), spec.shape}));
  }
  if (!model.groups().empty()) tell_place(*model.groups().front().sharding, contents.optimizer);
  for (const GroupPlan& group : model.groups())
    contents.optimizer.groups.push_back(
        GroupSnapshot::planned_states(group.layout, *group.sharding, group.terms.name, states_of(group), rank.rank));
  return contents;
}

// On a CPU device only weights that are gathered want a copy.
size_t Snapshot::planned_bytes(const ModelPlan& model, DeviceKind device, const SnapshotRank& rank) {
  const bool copies = device != DeviceKind::cpu;
  const WeightFiles files(model, rank.rank, rank.ranks, rank.file_bytes);
  const auto weights_of = [&](const auto& plan, bool copied) {
    const WeightFiles::Range range = files.range_in(plan.layout);
    return copied ? static_cast<size_t>(range.end - range.begin) * size_of(plan.dtype) : size_t{0};
  };
  size_t bytes = 0;
  for (const KeptPlan& kept : model.kept())
    if (!kept.of_base) bytes += weights_of(kept, copies);
  for (const GroupPlan& group : model.groups()) bytes += weights_of(group, copies || group.sharding->shards_weights());
  if (copies)
    for (const StateShard& shard : planned_contents(model, rank).optimizer.groups)
      for (const StateShard::Array& array : shard.arrays)
        bytes += static_cast<size_t>(shard.held) * size_of(array.dtype);
  return bytes;
}

CheckpointContents Snapshot::take() {
  CheckpointContents contents;
  contents.optimizer.name = optimizer_;
  if (!model_.groups().empty()) tell_place(model_.groups().front()->sharding(), contents.optimizer);
  std::vector<const void*> weights;
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (i < model_.groups().size()) contents.optimizer.groups.push_back(groups_[i].states());
    weights.push_back(groups_[i].weights());
    if (const auto sum = groups_[i].weights_sum()) contents.summed.push_back({std::to_string(i), *sum});
  }
  for (const int index : files_.parameters()) {
    const ParameterSpec& spec = model_.layout().parameters()[static_cast<size_t>(index)].spec;
    for (size_t i = 0; i < groups_.size(); ++i)
      if (const int found = groups_[i].layout().find_or_elsewhere(spec.name); found != ParameterLayout::kElsewhere)
        append(contents.weights, stored_weights(spec, groups_[i].weight(weights[i], found)));
  }
  files_.tell(contents);
  contents.position.plan_fingerprint = model_.plan().fingerprint();
  communication_.compute().synchronize();
  return contents;
}

}  // namespace convoy
