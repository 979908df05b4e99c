#include "core/train/model.h"

#include <algorithm>

namespace convoy {

Model::Model(Device& device, Stream& stream, Graph graph, const ModelOptions& options)
    : graph_(std::move(graph)),
      layout_(graph_, options.ranks),
      parameters_(device, stream, layout_, options.dtype, ParameterStorage::Use::training) {
  PlanOptions plan_options{.training = true,
                           .recompute_blocks = options.recompute_blocks,
                           .weights = options.dtype,
                           .guard_bytes = options.guard_bytes};
  Plan training = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  plan_options.training = false;
  Plan evaluation = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  memory_ = device.allocate(std::max(training.arena_bytes, evaluation.arena_bytes));
  arena_ = {memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  training_ = std::make_unique<Program>(graph_, std::move(training), parameters_, arena_);
  evaluation_ = std::make_unique<Program>(graph_, std::move(evaluation), parameters_, arena_);
}

ModelMemory Model::planned_memory() const {
  return {ParameterStorage::planned_bytes(layout_, parameters_.dtype(), ParameterStorage::Use::training),
          std::max(training_->plan().arena_bytes, evaluation_->plan().arena_bytes)};
}

}  // namespace convoy
