#include "core/generate/decoder.h"

#include <algorithm>
#include <cstring>

#include "core/base/bf16.h"
#include "core/base/integers.h"

namespace convoy {

namespace {
constexpr size_t kHostAlignment = 64;
constexpr int64_t kLeastKept = 256;
}  // namespace

int64_t larger_room(int64_t kept, int64_t tokens, int64_t context) {
  int64_t room = std::max(kept, kLeastKept);
  while (room < tokens) room *= 2;
  return std::min(room, context);
}

Decoder::Decoder(Device& device, Stream& stream, const ParameterStorage& parameters, Graph graph,
                 std::unique_ptr<States>& states)
    : device_(device), stream_(stream), graph_(std::move(graph)), layout_(graph_, 1) {
  Plan plan = make_plan(graph_, layout_, device.ops(), {.purpose = Purpose::generation, .weights = parameters.dtype()});
  if (states == nullptr) states = std::make_unique<States>(device, stream, plan);
  memory_ = device.allocate(plan.arena_bytes);
  const Tensor arena{memory_.data(), DType::u8, {static_cast<int64_t>(memory_.bytes())}};
  program_ = std::make_unique<Program>(graph_, std::move(plan), parameters, arena, states.get());
  const Tensor tokens = program_->input("tokens");
  const int64_t B = tokens.shape[0];
  T_ = tokens.shape[1];
  positions_ = device.allocate(static_cast<size_t>(B) * sizeof(int64_t));
  pass_ = std::make_unique<Pass>(Pass{.ops = device.ops(), .stream = stream, .rows_alike = true});
  pass_->position = {positions_.data(), DType::i64, {B}};
  on_host_ = device.allocate(round_up(tokens.bytes(), kHostAlignment) + round_up(positions_.bytes(), kHostAlignment) +
                                 program_->result().bytes(),
                             MemoryKind::host);
}

void Decoder::run(const int32_t* tokens, std::span<const int64_t> positions, std::vector<float>& logits) {
  const Tensor input = program_->input("tokens"), result = program_->result();
  auto* host = static_cast<std::byte*>(on_host_.data());
  std::byte* host_positions = host + round_up(input.bytes(), kHostAlignment);
  std::byte* host_logits = host_positions + round_up(positions_.bytes(), kHostAlignment);
  std::memcpy(host, tokens, input.bytes());
  std::memcpy(host_positions, positions.data(), positions_.bytes());
  stream_.copy(input.data, host, input.bytes());
  stream_.copy(positions_.data(), host_positions, positions_.bytes());
  work_.run(device_, stream_);
  stream_.copy(host_logits, result.data, result.bytes());
  stream_.synchronize();
  logits.resize(static_cast<size_t>(result.elements()));
  if (result.dtype == DType::f32) {
    std::memcpy(logits.data(), host_logits, result.bytes());
  } else {
    const auto* rounded = reinterpret_cast<const bf16*>(host_logits);
    std::transform(rounded, rounded + result.elements(), logits.begin(),
                   [](bf16 value) { return static_cast<float>(value); });
  }
}

}  // namespace convoy
