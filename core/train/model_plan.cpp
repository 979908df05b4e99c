#include "core/train/model_plan.h"

#include "core/base/checksum.h"
#include "core/parameters/parameter_storage.h"

namespace convoy {

ModelPlan::ModelPlan(Ops& ops, Graph graph, const ModelOptions& options)
    : options_(options), graph_(std::move(graph)), layout_(graph_, options.sharding.ranks) {
  make_groups();
  const std::vector<PlannedGroup> groups = planned_groups();
  PlanOptions plan_options{
      .purpose = Purpose::evaluation, .weights = options.dtype, .guard_bytes = options.guard_bytes};
  evaluation_ = make_plan(graph_, groups, ops, plan_options);
  plan_options.purpose = Purpose::training;
  plan_options.recompute_blocks = options.recompute_blocks;
  if (options.training) training_ = make_plan(graph_, groups, ops, plan_options);
}

void ModelPlan::make_groups() {
  const int ranks = options_.sharding.ranks;
  if (!options_.training) {
    frozen_ = std::make_unique<ParameterLayout>(graph_, ranks);
    return;
  }
  const Grouping grouping(graph_, options_.groups);
  const auto layout_of = [&](int group) {
    return ParameterLayout(graph_, group == Grouping::kFrozen ? 1 : ranks,
                           [&, group](const ParameterSpec& spec) { return grouping.group_of(spec.name) == group; });
  };
  groups_.reserve(grouping.groups().size());
  for (size_t g = 0; g < grouping.groups().size(); ++g) {
    GroupPlan& group = groups_.emplace_back(GroupPlan{grouping.groups()[g], layout_of(static_cast<int>(g)), nullptr});
    group.sharding = std::make_unique<Sharding>(group.layout, options_.sharding);
  }
  if (grouping.freezes()) frozen_ = std::make_unique<ParameterLayout>(layout_of(Grouping::kFrozen));
}

std::vector<PlannedGroup> ModelPlan::planned_groups() const {
  std::vector<PlannedGroup> groups;
  for (const GroupPlan& group : groups_)
    groups.push_back({group.terms.name, &group.layout, group.sharding.get(), true});
  if (frozen_ != nullptr) groups.push_back({groups.empty() ? "" : "frozen", frozen_.get(), nullptr, false});
  return groups;
}

std::string ModelPlan::fingerprint() const {
  if (groups_.size() == 1 && frozen_ == nullptr) return groups_[0].layout.fingerprint();
  std::string text;
  for (const GroupPlan& group : groups_) text += group.terms.name + " " + group.layout.fingerprint() + ";";
  if (frozen_ != nullptr) text += "frozen " + frozen_->fingerprint();
  return checksum_of(std::string_view(text));
}

MemoryUse ModelPlan::memory() const {
  MemoryUse use = memory_when_fullest(larger());
  for (const GroupPlan& group : groups_)
    use += ParameterStorage::planned_memory(group.layout, options_.dtype, group.sharding.get(), options_.states.size());
  if (frozen_ != nullptr) use += ParameterStorage::planned_memory(*frozen_, options_.dtype, nullptr, 0);
  return use;
}

}  // namespace convoy
