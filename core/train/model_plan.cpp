#include "core/train/model_plan.h"

#include <algorithm>

#include "core/parameters/parameter_storage.h"

namespace convoy {

ModelPlan::ModelPlan(Ops& ops, Graph graph, const ModelOptions& options)
    : options_(options),
      graph_(std::move(graph)),
      layout_(graph_, options.sharding.ranks),
      sharding_(options.training ? std::make_unique<Sharding>(layout_, options.sharding) : nullptr) {
  PlanOptions plan_options{.purpose = Purpose::evaluation,
                           .weights = options.dtype,
                           .guard_bytes = options.guard_bytes,
                           .sharding = sharding_.get()};
  evaluation_ = make_plan(graph_, layout_, ops, plan_options);
  plan_options.purpose = Purpose::training;
  plan_options.recompute_blocks = options.recompute_blocks;
  if (options.training) training_ = make_plan(graph_, layout_, ops, plan_options);
}

size_t ModelPlan::arena_bytes() const { return std::max(training_.arena_bytes, evaluation_.arena_bytes); }

MemoryUse ModelPlan::memory() const {
  const Plan& larger = training_.arena_bytes >= evaluation_.arena_bytes ? training_ : evaluation_;
  return ParameterStorage::planned_memory(layout_, options_.dtype, sharding_.get(), options_.states.size()) +
         memory_when_fullest(larger);
}

}  // namespace convoy
