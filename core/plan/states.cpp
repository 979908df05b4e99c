#include "core/plan/states.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "core/base/error.h"
#include "core/base/integers.h"

namespace convoy {

States::States(Device& device, Stream& stream, const Plan& plan) {
  std::map<std::string, size_t> offsets;
  size_t bytes = 0;
  for (const Action& action : plan.actions)
    for (const StateSpec& state : action.states) {
      if (!offsets.emplace(state.name, bytes).second) continue;
      by_name_[state.name] = state.spec.unbound();
      bytes += round_up(by_name_[state.name].bytes(), kArenaAlignment);
    }
  memory_ = device.allocate(bytes);
  for (auto& [name, tensor] : by_name_) tensor.data = static_cast<std::byte*>(memory_.data()) + offsets.at(name);
  if (bytes > 0) stream.zero(memory_.data(), bytes);
}

Tensor States::find(const StateSpec& spec) const {
  const auto found = by_name_.find(spec.name);
  if (found == by_name_.end() || found->second.dtype != spec.spec.dtype || found->second.shape != spec.spec.shape)
    throw InternalError(fmt::format("there is no state {} of shape {}", spec.name, to_string(spec.spec.shape)));
  return found->second;
}

void States::copy(Stream& stream, const States& from, int64_t tokens) {
  for (const auto& [name, tensor] : by_name_) {
    const Tensor& old = from.by_name_.at(name);
    if (tensor.shape == old.shape) {
      stream.copy(tensor.data, old.data, old.bytes());
      continue;
    }
    if (tensor.shape[0] != 1 || old.shape[0] != 1 || tokens > std::min(tensor.shape[1], old.shape[1]))
      throw InternalError(fmt::format("state {} of shape {} does not take {} tokens of {}", name,
                                      to_string(tensor.shape), tokens, to_string(old.shape)));
    stream.copy(tensor.data, old.data, static_cast<size_t>(tokens) * (old.bytes() / static_cast<size_t>(old.shape[1])));
  }
}

void States::copy_row(Stream& stream, int64_t row, const States& from, int64_t of, int64_t tokens) {
  for (const auto& [name, tensor] : by_name_) {
    const Tensor& other = from.by_name_.at(name);
    const size_t row_bytes = tensor.bytes() / static_cast<size_t>(tensor.shape[0]);
    const size_t other_bytes = other.bytes() / static_cast<size_t>(other.shape[0]);
    if (row >= tensor.shape[0] || of >= other.shape[0] || tokens > std::min(tensor.shape[1], other.shape[1]))
      throw InternalError(fmt::format("state {} of shape {} does not take {} tokens of {}", name,
                                      to_string(tensor.shape), tokens, to_string(other.shape)));
    stream.copy(tensor.as<std::byte>() + static_cast<size_t>(row) * row_bytes,
                other.as<std::byte>() + static_cast<size_t>(of) * other_bytes,
                static_cast<size_t>(tokens) * (row_bytes / static_cast<size_t>(tensor.shape[1])));
  }
}

}  // namespace convoy
