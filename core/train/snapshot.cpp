#include "core/train/snapshot.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/checkpoint/stored_weights.h"
#include "core/parameters/initialise.h"
#include "core/parameters/state_names.h"
#include "core/train/check_resume.h"

namespace convoy {

Snapshot::Snapshot(Communication& communication, Model& model, std::string_view optimizer, int world_rank)
    : communication_(communication), model_(model), optimizer_(optimizer), first_rank_(world_rank == 0) {
  const std::vector<ParameterStorage*> storages = model.storages();
  const std::vector<GroupPlan>& plans = model.plan().groups();
  const std::vector<KeptPlan>& kept = model.plan().kept();
  for (size_t i = 0; i < storages.size(); ++i)
    if (i < plans.size() || !kept[i - plans.size()].of_base)
      groups_.emplace_back(communication, *storages[i], i < plans.size() ? plans[i].terms.name : "", model.arena(),
                           world_rank);
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

}  // namespace

CheckpointContents Snapshot::planned_contents(const ModelPlan& model, int world_rank) {
  CheckpointContents contents;
  if (world_rank == 0)
    for (const Parameter& p : model.layout().parameters())
      append(contents.weights, stored_weights(p.spec, {nullptr, p.spec.dtype(model.options().dtype), p.spec.shape}));
  for (const GroupPlan& group : model.groups())
    contents.optimizer.groups.push_back(
        GroupSnapshot::planned_states(group.layout, *group.sharding, group.terms.name, states_of(group), world_rank));
  return contents;
}

// On a CPU device only weights that are gathered want a copy.
size_t Snapshot::planned_bytes(const ModelPlan& model, DeviceKind device, int world_rank) {
  const bool copies = device != DeviceKind::cpu;
  const auto weights_of = [&](const auto& plan, bool copied) {
    const bool here = world_rank == 0 && copied;
    return here ? static_cast<size_t>(plan.layout.padded_elements()) * size_of(plan.dtype) : size_t{0};
  };
  size_t bytes = 0;
  for (const KeptPlan& kept : model.kept())
    if (!kept.of_base) bytes += weights_of(kept, copies);
  for (const GroupPlan& group : model.groups()) bytes += weights_of(group, copies || group.sharding->shards_weights());
  if (copies)
    for (const StateShard& shard : planned_contents(model, world_rank).optimizer.groups)
      for (const StateShard::Array& array : shard.arrays)
        bytes += static_cast<size_t>(shard.elements) * size_of(array.dtype);
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

// Of the moving average, where it is wanted.
ReadStored reader(const CheckpointReader& checkpoint, bool averages) {
  return [&checkpoint, averages](const std::string& name, const Tensor& out) {
    averages ? checkpoint.read_average(name, out) : checkpoint.read_weight(name, out);
  };
}

const CheckpointReader& source_of(const ParameterSpec& parameter, const TrainedWeights& trained) {
  if (!parameter.of_base) return trained.checkpoint;
  if (trained.base == nullptr) throw InternalError(parameter.name + " is beneath an adapter, and no base is there");
  return *trained.base;
}

// All weights of a layout; averages: their moving averages, where a checkpoint has them.
std::vector<float> read_weights(const TrainedWeights& trained, const ParameterLayout& layout, bool averages) {
  std::vector<float> values(static_cast<size_t>(layout.padded_elements()), 0.0f);
  for (const Parameter& p : layout.parameters()) {
    const CheckpointReader& source = source_of(p.spec, trained);
    read_stored_weights(p.spec, values.data() + p.offset, reader(source, averages && source.has_average()));
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

void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, ParameterStorage& parameters) {
  if (parameters.is_trained()) {
    const std::vector<float> all = read_weights(trained, parameters.layout(), true);
    set_weights(parameters, device, compute, all);
    if (std::ranges::count(parameters.states(), kAverageState) > 0)  // it begins as they do
      set_state(parameters, device, compute, kAverageState, all);
    return;
  }
  std::vector<float> values;  // of a parameter at a time: a large model is not held twice
  for (size_t i = 0; i < parameters.layout().parameters().size(); ++i) {
    const ParameterSpec& spec = parameters.layout().parameters()[i].spec;
    const CheckpointReader& source = source_of(spec, trained);
    values.resize(static_cast<size_t>(spec.shape.elements()));
    read_stored_weights(spec, values.data(), reader(source, source.has_average()));
    set_weight(parameters, device, compute, static_cast<int>(i), values);
  }
}

void restore_weights(const TrainedWeights& trained, Device& device, Stream& compute, Model& model) {
  for (ParameterStorage* storage : model.storages()) restore_weights(trained, device, compute, *storage);
}

void restore_base(const CheckpointReader& base, Device& device, Stream& compute, Model& model) {
  for (size_t i = 0; i < model.kept().size(); ++i)
    if (model.plan().kept()[i].of_base) restore_weights({base, &base}, device, compute, *model.kept()[i]);
}

void restore_training(const CheckpointReader& checkpoint, std::string_view optimizer, Device& device, Stream& compute,
                      Model& model) {
  check_resume(checkpoint, optimizer, model.plan());
  for (size_t i = 0; i < model.kept().size(); ++i)
    if (!model.plan().kept()[i].of_base)
      set_weights(*model.kept()[i], device, compute, read_weights({checkpoint}, model.kept()[i]->layout(), false));
  for (size_t g = 0; g < model.groups().size(); ++g) {
    ParameterStorage& storage = *model.groups()[g];
    const std::string& name = model.plan().groups()[g].terms.name;
    const ParameterLayout& layout = storage.layout();
    set_weights(storage, device, compute,
                storage.master() ? read_state(checkpoint, name, kMasterState, layout)
                                 : read_weights({checkpoint}, layout, false));
    for (const std::string& state : storage.states())
      set_state(storage, device, compute, state, read_state(checkpoint, name, state, layout));
  }
}

}  // namespace convoy
