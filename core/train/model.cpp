#include "core/train/model.h"

namespace convoy {

namespace {

std::unique_ptr<ParameterStorage> make_storage(Device& device, Stream& stream, const ModelPlan& plan) {
  const DType dtype = plan.options().dtype;
  return plan.sharding() == nullptr ? std::make_unique<ParameterStorage>(device, stream, plan.layout(), dtype)
                                    : std::make_unique<ParameterStorage>(device, stream, plan.layout(), dtype,
                                                                         *plan.sharding(), plan.options().states);
}

}  // namespace

Model::Model(Device& device, Stream& stream, ModelPlan plan) : plan_(std::move(plan)) {
  device.require_possible(plan_.memory().on_device(), MemoryKind::device, "the model and its activations");
  parameters_ = make_storage(device, stream, plan_);
  memory_ = device.allocate(plan_.arena_bytes());
  arena_ = {memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  evaluation_ = std::make_unique<Program>(plan_.graph(), plan_.evaluation(), *parameters_, arena_);
  if (plan_.options().training)
    training_ = std::make_unique<Program>(plan_.graph(), plan_.training(), *parameters_, arena_);
}

}  // namespace convoy
