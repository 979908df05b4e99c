#include "core/train/debug_checks.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/ops/ops.h"
#include "core/ops/reductions.h"

namespace convoy {

namespace {

constexpr int kGuardByte = 0xA5;
constexpr int kStatistics = 5;
constexpr size_t kResultBytes = kStatistics * sizeof(float);

const char* name_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::forward:
      return "forward";
    case ActionKind::recompute:
      return "recompute";
    case ActionKind::backward:
      return "backward";
    case ActionKind::copy_gradient:
      return "copy gradient";
    case ActionKind::add_gradient:
      return "add gradient";
    case ActionKind::gather_weights:
    case ActionKind::await_weights:
      return "gather weights";
    case ActionKind::clear_gradients:
      return "clear gradients";
  }
  return "?";
}

}  // namespace

DebugChecks::DebugChecks(Device& device, Stream& stream, const Program& program, const Tensor& arena, Print print)
    : device_(device),
      stream_(stream),
      program_(program),
      arena_(arena),
      print_(std::move(print)),
      result_(device.allocate(kResultBytes)),
      result_on_host_(device.allocate(kResultBytes, MemoryKind::host)),
      guard_on_host_(device.allocate(kDebugGuardBytes, MemoryKind::host)),
      pattern_(device.allocate(kDebugGuardBytes, MemoryKind::host)) {
  std::memset(pattern_.data(), kGuardByte, kDebugGuardBytes);
}

// The results on both sides; a guard, and what it should be.
MemoryUse DebugChecks::planned_memory() {
  return {.workspace = kResultBytes, .host = kResultBytes + 2 * kDebugGuardBytes};
}

void DebugChecks::begin() {
  printing_ = std::exchange(print_next_, false);
  action_ = 0;
  write_guards(0);
}

// Buffers share memory over time: a guard is written just before its buffer's life begins and checked until it ends.
void DebugChecks::write_guards(int first_action) {
  for (const PlannedBuffer& buffer : program_.plan().buffers)
    if (buffer.first == first_action) stream_.copy(guard_of(buffer), pattern_.data(), kDebugGuardBytes);
  stream_.synchronize();
}

void DebugChecks::check_guards(const std::string& layer) {
  for (const PlannedBuffer& buffer : program_.plan().buffers) {
    if (action_ < buffer.first || buffer.last < action_) continue;
    stream_.copy(guard_on_host_.data(), guard_of(buffer), kDebugGuardBytes);
    stream_.synchronize();
    if (std::memcmp(guard_on_host_.data(), pattern_.data(), kDebugGuardBytes) != 0)
      throw InternalError(
          fmt::format("{} wrote beyond the end of buffer \"{}\" ({} bytes); an operator's bounds are wrong", layer,
                      buffer.what, buffer.bytes));
  }
}

std::byte* DebugChecks::guard_of(const PlannedBuffer& buffer) const {
  return arena_.as<std::byte>() + buffer.offset + buffer.bytes;
}

void DebugChecks::after(const BoundAction& action) {
  const std::string layer =
      fmt::format("{} of {}", name_of(action.kind), program_.graph().nodes()[static_cast<size_t>(action.node)].name);
  check_guards(layer);
  const LayerTensors& t = action.tensors;
  if (action.kind == ActionKind::forward)  // recomputation may leave out what backward does not read
    for (size_t i = 0; i < t.outputs.size(); ++i) check(fmt::format("{}, output {}", layer, i), t.outputs[i]);
  for (size_t i = 0; i < t.input_gradients.size(); ++i)
    check(fmt::format("{}, gradient of input {}", layer, i), t.input_gradients[i]);
  if (action.kind == ActionKind::backward)
    for (size_t i = 0; i < t.weight_gradients.size(); ++i)
      check(fmt::format("{}, gradient of parameter {}", layer, i), t.weight_gradients[i]);
  write_guards(++action_);
}

void DebugChecks::check(const std::string& what, const Tensor& tensor) {
  if (!tensor || (tensor.dtype != DType::f32 && tensor.dtype != DType::bf16)) return;
  const Tensor result{result_.data(), DType::f32, {kStatistics}};
  device_.ops().run(stream_, Statistics{result, tensor});
  stream_.copy(result_on_host_.data(), result.data, result.bytes());
  stream_.synchronize();
  const auto* s = static_cast<const float*>(result_on_host_.data());
  if (printing_)
    print_(fmt::format("{:<64} {:<18} min {:< 11.4g} max {:< 11.4g} mean {:< 11.4g} |mean| {:.4g}", what,
                       to_string(tensor.shape), s[0], s[1], s[2], s[3]));
  if (s[4] > 0)
    throw InternalError(
        fmt::format("{}: {} of {} values are NaN or infinite; this is the first tensor of the step that is "
                    "not finite. Look at this layer's inputs, or lower optimizer.lr",
                    what, s[4], tensor.elements()));
}

}  // namespace convoy
