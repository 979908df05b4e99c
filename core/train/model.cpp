#include "core/train/model.h"

#include <algorithm>

namespace convoy {

namespace {

std::unique_ptr<ParameterStorage> make_storage(Device& device, Stream& stream, const ParameterLayout& layout,
                                               DType dtype, const Sharding* sharding) {
  return sharding == nullptr ? std::make_unique<ParameterStorage>(device, stream, layout, dtype)
                             : std::make_unique<ParameterStorage>(device, stream, layout, dtype, *sharding);
}

}  // namespace

Model::Model(Device& device, Stream& stream, Graph graph, const ModelOptions& options)
    : graph_(std::move(graph)),
      layout_(graph_, options.sharding.ranks),
      sharding_(options.training ? std::make_unique<Sharding>(layout_, options.sharding) : nullptr) {
  PlanOptions plan_options{.purpose = Purpose::evaluation,
                           .weights = options.dtype,
                           .guard_bytes = options.guard_bytes,
                           .sharding = sharding_.get()};
  Plan evaluation = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  plan_options.purpose = Purpose::training;
  plan_options.recompute_blocks = options.recompute_blocks;
  Plan training;
  if (options.training) training = make_plan(graph_, layout_, device.ops(), stream, plan_options);
  planned_ = {ParameterStorage::planned_bytes(layout_, options.dtype, sharding_.get()),
              std::max(training.arena_bytes, evaluation.arena_bytes)};
  device.require_possible(planned_.total(), MemoryKind::device, "the model and its activations");
  parameters_ = make_storage(device, stream, layout_, options.dtype, sharding_.get());
  memory_ = device.allocate(planned_.arena);
  arena_ = {memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  evaluation_ = std::make_unique<Program>(graph_, std::move(evaluation), *parameters_, arena_);
  if (options.training) training_ = std::make_unique<Program>(graph_, std::move(training), *parameters_, arena_);
}

}  // namespace convoy
