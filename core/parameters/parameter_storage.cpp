#include "core/parameters/parameter_storage.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/integers.h"
#include "core/ops/optimizer_update.h"

namespace convoy {

namespace {
constexpr size_t kAlignment = 256;

size_t aligned(size_t bytes) { return round_up(bytes, kAlignment); }
}  // namespace

MemoryUse ParameterStorage::planned_memory(const ParameterLayout& layout, DType dtype, const Sharding* sharding,
                                           const TrainedStates& states) {
  const auto flat = static_cast<size_t>(layout.padded_elements());
  if (sharding == nullptr) return {.weights = aligned(flat * size_of(dtype))};
  const auto compact = static_cast<size_t>(sharding->compact_elements());
  const size_t masters = dtype == DType::f32 ? 0 : 1;
  const size_t decays = aligned(flat / kParameterBlock);
  MemoryUse use;
  use.weights = aligned((sharding->shards_weights() ? compact : flat) * size_of(dtype));
  use.gradients = (sharding->shards_gradients() ? 0 : aligned(flat * sizeof(float))) +
                  (sharding->cuts_between_groups() ? aligned(compact * sizeof(float)) : 0);
  use.optimizer = masters * aligned(compact * sizeof(float)) + decays;
  for (const std::string& name : states.names) use.optimizer += aligned(compact * size_of(states.dtype_of(name)));
  use.host = flat / kParameterBlock;
  return use;
}

ParameterStorage::ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype)
    : ParameterStorage(device, stream, layout, dtype, nullptr, {}) {}

ParameterStorage::ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype,
                                   const Sharding& sharding, TrainedStates states)
    : ParameterStorage(device, stream, layout, dtype, &sharding, std::move(states)) {}

ParameterStorage::ParameterStorage(Device& device, Stream& stream, const ParameterLayout& layout, DType dtype,
                                   const Sharding* sharding, TrainedStates states)
    : layout_(layout),
      dtype_(dtype),
      sharding_(sharding),
      memory_(device.allocate(planned_memory(layout, dtype, sharding, states).on_device())),
      trained_(std::move(states)) {
  const int64_t flat = layout.padded_elements();
  if (sharding == nullptr) {
    weights_ = take(dtype, flat);
  } else {
    const int64_t compact = sharding->compact_elements();
    if (sharding->shards_weights())
      weight_shards_ = take(dtype, compact);
    else
      weights_ = take(dtype, flat);
    if (!sharding->shards_gradients()) gradients_ = take(DType::f32, flat);
    if (sharding->cuts_between_groups()) gradient_shards_ = take(DType::f32, compact);
    if (dtype != DType::f32) master_ = take(DType::f32, compact);
    for (const std::string& name : trained_.names) states_.push_back(take(trained_.dtype_of(name), compact));
    decays_ = take(DType::u8, flat / kParameterBlock);
  }
  stream.zero(memory_.data(), memory_.bytes());
  if (sharding == nullptr) return;
  decays_on_host_ = device.allocate(decays_.bytes(), MemoryKind::host);
  fill_decays(stream);
}

Tensor ParameterStorage::take(DType dtype, int64_t elements) {
  Tensor tensor{static_cast<std::byte*>(memory_.data()) + used_, dtype, {elements}};
  used_ += aligned(tensor.bytes());
  return tensor;
}

void ParameterStorage::fill_decays(Stream& stream) {
  auto* flags = static_cast<uint8_t*>(decays_on_host_.data());
  std::fill_n(flags, decays_.elements(), uint8_t{0});
  for (const Parameter& p : layout_.parameters())
    if (p.spec.decays || trained_.all_decay)
      std::fill(flags + p.offset / kParameterBlock, flags + ceil_div(p.end(), kParameterBlock), uint8_t{1});
  stream.copy(decays_.data, flags, decays_.bytes());
}

Tensor ParameterStorage::state(const std::string& name) const {
  const auto found = std::ranges::find(trained_.names, name);
  if (found == trained_.names.end())
    throw InternalError(fmt::format("parameters are stored without the state {}", name));
  return states_[static_cast<size_t>(found - trained_.names.begin())];
}

const std::vector<OwnedRange>& ParameterStorage::owned() const {
  static const std::vector<OwnedRange> nothing;
  return sharding_ == nullptr ? nothing : sharding_->owned();
}

Tensor ParameterStorage::owned_part(const Tensor& flat, const Tensor& compact, const OwnedRange& range) {
  return compact ? owned_state(compact, range) : flat.range(range.begin, range.elements());
}

Tensor ParameterStorage::view(const Tensor& flat, int parameter) const {
  const Parameter& p = layout_.parameters()[static_cast<size_t>(parameter)];
  return flat.range(p.offset, p.elements()).reshaped(p.spec.shape);
}

}  // namespace convoy
