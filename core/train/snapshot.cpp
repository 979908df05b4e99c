#include "core/train/snapshot.h"

#include "core/checkpoint/stored_weights.h"
#include "core/parameters/initialise.h"
#include "core/parameters/state_names.h"
#include "core/train/check_resume.h"

namespace convoy {

Snapshot::Snapshot(Communication& communication, Model& model, std::string_view optimizer, int world_rank)
    : communication_(communication), model_(model), optimizer_(optimizer), first_rank_(world_rank == 0) {
  const std::vector<ParameterStorage*> storages = model.storages();
  const std::vector<GroupPlan>& plans = model.plan().groups();
  for (size_t i = 0; i < storages.size(); ++i)
    groups_.emplace_back(communication, *storages[i], i < plans.size() ? plans[i].terms.name : "", model.arena(),
                         world_rank);
}

namespace {

void append(std::vector<NamedTensor>& all, std::vector<NamedTensor> more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::vector<std::string> state_names(const ModelOptions& options) {
  std::vector<std::string> names;
  if (options.dtype != DType::f32) names.emplace_back(kMasterState);
  names.insert(names.end(), options.states.begin(), options.states.end());
  return names;
}

}  // namespace

CheckpointContents Snapshot::planned_contents(const ModelPlan& model, int world_rank) {
  CheckpointContents contents;
  if (world_rank == 0)
    for (const Parameter& p : model.layout().parameters())
      append(contents.weights, stored_weights(p.spec, {nullptr, model.options().dtype, p.spec.shape}));
  for (const GroupPlan& group : model.groups())
    contents.optimizer.groups.push_back(GroupSnapshot::planned_states(group.layout, *group.sharding, group.terms.name,
                                                                      state_names(model.options()), world_rank));
  return contents;
}

// On a CPU device only weights that are gathered want a copy.
size_t Snapshot::planned_bytes(const ModelPlan& model, DeviceKind device, int world_rank) {
  const bool copies = device != DeviceKind::cpu;
  const auto weights_of = [&](const ParameterLayout& layout, bool copied) {
    return world_rank == 0 && copied ? static_cast<size_t>(layout.padded_elements()) * size_of(model.options().dtype)
                                     : size_t{0};
  };
  size_t bytes = model.frozen() == nullptr ? 0 : weights_of(*model.frozen(), copies);
  for (const GroupPlan& group : model.groups())
    bytes += weights_of(group.layout, copies || group.sharding->shards_weights());
  if (copies)
    for (const StateShard& shard : planned_contents(model, world_rank).optimizer.groups)
      bytes += shard.arrays.size() * static_cast<size_t>(shard.elements) * sizeof(float);
  return bytes;
}

CheckpointContents Snapshot::take() {
  CheckpointContents contents;
  contents.optimizer.name = optimizer_;
  std::vector<const void*> weights;
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (i < model_.groups().size()) contents.optimizer.groups.push_back(groups_[i].states());
    weights.push_back(groups_[i].weights());
  }
  if (first_rank_)
    for (const Parameter& p : model_.layout().parameters())
      for (size_t i = 0; i < groups_.size(); ++i)
        if (const int found = groups_[i].layout().find_or_elsewhere(p.spec.name); found != ParameterLayout::kElsewhere)
          append(contents.weights, stored_weights(p.spec, groups_[i].weight(weights[i], found)));
  contents.position.plan_fingerprint = model_.plan().fingerprint();
  communication_.compute().synchronize();
  return contents;
}

namespace {

std::vector<float> read_weights(const CheckpointReader& checkpoint, const ParameterLayout& layout, bool averages) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters()) {
    read_stored_weights(p.spec, values.data() + p.offset, [&](const std::string& name, const Tensor& out) {
      averages ? checkpoint.read_average(name, out) : checkpoint.read_weight(name, out);
    });
  }
  return values;
}

std::vector<float> read_state(const CheckpointReader& checkpoint, const std::string& group, const std::string& state,
                              const ParameterLayout& layout) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  checkpoint.read_state(group, state, 0, layout.elements(), values.data());
  return values;
}

}  // namespace

void restore_weights(const CheckpointReader& checkpoint, Device& device, Stream& compute,
                     ParameterStorage& parameters) {
  set_weights(parameters, device, compute, read_weights(checkpoint, parameters.layout(), checkpoint.has_average()));
}

void restore_training(const CheckpointReader& checkpoint, std::string_view optimizer, Device& device, Stream& compute,
                      Model& model) {
  check_resume(checkpoint, optimizer, model.plan());
  if (model.frozen() != nullptr)
    set_weights(*model.frozen(), device, compute, read_weights(checkpoint, model.frozen()->layout(), false));
  for (size_t g = 0; g < model.groups().size(); ++g) {
    ParameterStorage& storage = *model.groups()[g];
    const std::string& name = model.plan().groups()[g].terms.name;
    const ParameterLayout& layout = storage.layout();
    set_weights(storage, device, compute,
                storage.master() ? read_state(checkpoint, name, kMasterState, layout)
                                 : read_weights(checkpoint, layout, false));
    for (const std::string& state : storage.states())
      set_state(storage, device, compute, state, read_state(checkpoint, name, state, layout));
  }
}

}  // namespace convoy
