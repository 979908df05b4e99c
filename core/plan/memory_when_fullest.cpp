#include <algorithm>
#include <numeric>

#include "core/plan/plan.h"

namespace convoy {
namespace {

// The action during which live buffers take most.
int fullest_action(const Plan& plan) {
  std::vector<int64_t> change(plan.actions.size() + 1, 0);
  for (const PlannedBuffer& buffer : plan.buffers) {
    change[static_cast<size_t>(buffer.first)] += static_cast<int64_t>(buffer.bytes);
    change[static_cast<size_t>(buffer.last) + 1] -= static_cast<int64_t>(buffer.bytes);
  }
  std::partial_sum(change.begin(), change.end(), change.begin());
  return static_cast<int>(std::max_element(change.begin(), change.end()) - change.begin());
}

}  // namespace

std::vector<const PlannedBuffer*> buffers_when_fullest(const Plan& plan) {
  const int action = fullest_action(plan);
  std::vector<const PlannedBuffer*> live;
  for (const PlannedBuffer& buffer : plan.buffers)
    if (buffer.first <= action && action <= buffer.last) live.push_back(&buffer);
  return live;
}

MemoryUse memory_when_fullest(const Plan& plan) {
  MemoryUse use;
  for (const PlannedBuffer* buffer : buffers_when_fullest(plan)) {
    if (buffer->kind == BufferKind::weights) use.weights += buffer->bytes;
    if (buffer->kind == BufferKind::weight_gradients) use.gradients += buffer->bytes;
    if (buffer->kind == BufferKind::scratch) use.workspace += buffer->bytes;
  }
  use.activations = plan.arena_bytes - use.on_device();
  return use;
}

}  // namespace convoy
