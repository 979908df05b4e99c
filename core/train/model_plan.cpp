#include "core/train/model_plan.h"

#include <algorithm>
#include <functional>

#include "core/base/checksum.h"
#include "core/parameters/parameter_storage.h"
#include "core/parameters/state_names.h"

namespace convoy {

ModelPlan::ModelPlan(Ops& ops, Graph graph, const ModelOptions& options)
    : ops_(ops), options_(options), graph_(std::move(graph)), layout_(graph_, layout_unit(options.sharding)) {
  make_groups();
  const std::vector<PlannedGroup> groups = planned_groups();
  PlanOptions plan_options{
      .purpose = Purpose::evaluation, .weights = options.dtype, .guard_bytes = options.guard_bytes};
  evaluation_ = make_plan(graph_, groups, ops, plan_options);
  plan_options.purpose = Purpose::training;
  plan_options.recompute_blocks = options.recompute_blocks;
  plan_options.observer = options.observer;
  if (options.training) training_ = make_plan(graph_, groups, ops, plan_options);
}

void ModelPlan::make_groups() {
  const auto learned = [](const ParameterSpec& spec) { return spec.role == ParameterRole::learned; };
  kept_.reserve(4);  // plans point to their layouts
  if (!options_.training) {
    keep("", learned);
    keep("fixed", std::not_fn(learned));
    return;
  }
  const Grouping grouping(graph_, options_.groups, {options_.matrix_states.has_value(), options_.layer_decay});
  const auto in = [&](int group, const ParameterSpec& spec) { return grouping.group_of(spec.name) == group; };
  groups_.reserve(grouping.groups().size());
  for (const GroupTerms& terms : grouping.groups())
    make_group(terms,
               [&, group = static_cast<int>(groups_.size())](const ParameterSpec& spec) { return in(group, spec); });
  const auto kept = [&](const ParameterSpec& spec, bool of_base, bool has_learned) {
    return in(Grouping::kFrozen, spec) && spec.of_base == of_base && learned(spec) == has_learned;
  };
  keep(
      "base", [&](const ParameterSpec& spec) { return kept(spec, true, true); }, true);
  keep(
      "fixed in base", [&](const ParameterSpec& spec) { return kept(spec, true, false); }, true);
  keep("frozen", [&](const ParameterSpec& spec) { return kept(spec, false, true); });
  keep("fixed", [&](const ParameterSpec& spec) { return kept(spec, false, false); });
}

namespace {

ParameterSpec of_role(ParameterRole role) { return {.role = role}; }

// Statistics are few, and read by every pass: their weights are whole on every rank.
// Matrices are brought together bucket by bucket.
ShardingOptions sharding_of(ShardingOptions options, const GroupTerms& terms) {
  options.whole_parameters = terms.matrices;
  if (terms.role == ParameterRole::statistic) options.stage = std::min<int64_t>(options.stage, 1);
  return options;
}

// What the optimizer keeps is of what learns; the moving average is of all.
std::vector<std::string> states_of(std::vector<std::string> states, ParameterRole role) {
  if (role == ParameterRole::statistic) std::erase_if(states, [](const auto& state) { return state != kAverageState; });
  return states;
}

}  // namespace

void ModelPlan::make_group(const GroupTerms& terms, const ParameterLayout::Member& member) {
  const ShardingOptions sharding = sharding_of(options_.sharding, terms);
  GroupPlan& group = groups_.emplace_back(GroupPlan{
      terms, ParameterLayout(graph_, layout_unit(sharding), member), of_role(terms.role).dtype(options_.dtype),
      TrainedStates{states_of(terms.matrices ? *options_.matrix_states : options_.states, terms.role),
                    terms.weight_decay.has_value(), options_.state_dtype},
      nullptr});
  group.sharding = std::make_unique<Sharding>(group.layout, sharding);
}

void ModelPlan::keep(std::string name, const ParameterLayout::Member& member, bool of_base) {
  ParameterLayout layout(graph_, options_.training ? 1 : layout_unit(options_.sharding), member);
  if (layout.parameters().empty()) return;
  const DType dtype = layout.parameters().front().spec.dtype(options_.dtype);
  kept_.push_back({std::move(name), std::move(layout), dtype, of_base});
}

std::vector<PlannedGroup> ModelPlan::planned_groups() const {
  std::vector<PlannedGroup> groups;
  for (const GroupPlan& group : groups_)
    groups.push_back({group.terms.name, &group.layout, group.sharding.get(), true});
  for (const KeptPlan& kept : kept_) groups.push_back({kept.name, &kept.layout, nullptr, false});
  return groups;
}

std::string ModelPlan::fingerprint() const {
  if (groups_.size() == 1 && kept_.empty()) return groups_[0].layout.fingerprint();
  std::string text;
  for (const GroupPlan& group : groups_) text += group.terms.name + " " + group.layout.fingerprint() + ";";
  for (const KeptPlan& kept : kept_) text += kept.name + " " + kept.layout.fingerprint();
  return checksum_of(std::string_view(text));
}

MemoryUse ModelPlan::memory() const {
  MemoryUse use = memory_when_fullest(larger());
  for (const GroupPlan& group : groups_)
    use += ParameterStorage::planned_memory(group.layout, group.dtype, group.sharding.get(), group.states);
  for (const KeptPlan& kept : kept_) use += ParameterStorage::planned_memory(kept.layout, kept.dtype, nullptr, {});
  return use;
}

double shard_padding(const ModelPlan& model) {
  int64_t whole = 0, cut = 0;
  for (const GroupPlan& group : model.groups()) {
    if (!group.sharding->shards_optimizer()) continue;
    whole += group.layout.elements();
    for (const Bucket& bucket : group.sharding->buckets()) cut += bucket.shard * group.sharding->ranks();
  }
  return whole == 0 ? 0 : static_cast<double>(cut - whole) / static_cast<double>(whole);
}

}  // namespace convoy
