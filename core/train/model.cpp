#include "core/train/model.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

Model::Model(Device& device, Stream& stream, ModelPlan plan) : plan_(std::move(plan)) {
  device.require_possible(plan_.memory().on_device(), MemoryKind::device, "the model and its activations");
  const ModelOptions& options = plan_.options();
  for (const GroupPlan& group : plan_.groups())
    groups_.push_back(
        std::make_unique<ParameterStorage>(device, stream, group.layout, group.dtype, *group.sharding, group.states));
  for (const KeptPlan& kept : plan_.kept())
    kept_.push_back(std::make_unique<ParameterStorage>(device, stream, kept.layout, kept.dtype));
  memory_ = device.allocate(plan_.arena_bytes());
  arena_ = {memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  const auto storages = this->storages();
  const Program::Parameters parameters(storages.begin(), storages.end());
  evaluation_ = std::make_unique<Program>(plan_.graph(), plan_.evaluation(), parameters, arena_);
  if (options.training) training_ = std::make_unique<Program>(plan_.graph(), plan_.training(), parameters, arena_);
}

std::vector<ParameterStorage*> Model::storages() const {
  std::vector<ParameterStorage*> storages;
  for (const auto* all : {&groups_, &kept_})
    for (const auto& storage : *all) storages.push_back(storage.get());
  return storages;
}

void Model::gather_by(ShardedWeights& sharded) {
  for (Program* program : {training_.get(), evaluation_.get()})
    if (program != nullptr) program->gather_by(sharded);
}

ParameterStorage& Model::parameters() const {
  const std::vector<ParameterStorage*> all = storages();
  if (all.size() != 1) throw InternalError(fmt::format("parameters lie in {} storages, one is wanted", all.size()));
  return *all[0];
}

}  // namespace convoy
