#include "core/train/model.h"

#include <algorithm>

namespace convoy {

namespace {

ParameterStorage::Use use_of(const ModelOptions& options) {
  return options.training ? ParameterStorage::Use::training : ParameterStorage::Use::inference;
}

}  // namespace

Model::Model(Device& device, Stream& stream, Graph graph, const ModelOptions& options)
    : graph_(std::move(graph)),
      layout_(graph_, options.ranks),
      parameters_(device, stream, layout_, options.dtype, use_of(options)) {
  PlanOptions plan_options{.training = false, .weights = options.dtype, .guard_bytes = options.guard_bytes};
  Plan evaluation = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  plan_options.training = true;
  plan_options.recompute_blocks = options.recompute_blocks;
  Plan training;
  if (options.training) training = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  arena_bytes_ = std::max(training.arena_bytes, evaluation.arena_bytes);
  memory_ = device.allocate(arena_bytes_);
  arena_ = {memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  evaluation_ = std::make_unique<Program>(graph_, std::move(evaluation), parameters_, arena_);
  if (options.training) training_ = std::make_unique<Program>(graph_, std::move(training), parameters_, arena_);
}

ModelMemory Model::planned_memory() const {
  const auto use = training_ ? ParameterStorage::Use::training : ParameterStorage::Use::inference;
  return {ParameterStorage::planned_bytes(layout_, parameters_.dtype(), use), arena_bytes_};
}

}  // namespace convoy
