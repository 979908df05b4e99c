#include "core/checkpoint/staging.h"

#include <cstring>

#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr size_t kAlignment = 64;

size_t state_bytes(const OptimizerShard& shard) { return static_cast<size_t>(shard.elements) * sizeof(float); }

size_t bytes_of(const CheckpointContents& contents) {
  size_t bytes = 0;
  for (const NamedTensor& weight : contents.weights) bytes += round_up(weight.tensor.bytes(), kAlignment);
  for (const float* state : {contents.optimizer.master, contents.optimizer.m, contents.optimizer.v})
    if (state != nullptr) bytes += round_up(state_bytes(contents.optimizer), kAlignment);
  return bytes;
}

}  // namespace

const void* Staging::put(const void* data, size_t bytes) {
  std::byte* const place = buffer_.get() + used_bytes_;
  if (bytes > 0) std::memcpy(place, data, bytes);
  used_bytes_ += round_up(bytes, kAlignment);
  return place;
}

const float* Staging::put_state(const float* data, const OptimizerShard& shard) {
  if (data == nullptr || shard.elements == 0) return data;  // a state of no elements is still one
  return static_cast<const float*>(put(data, state_bytes(shard)));
}

const CheckpointContents& Staging::copy(const CheckpointContents& contents) {
  const size_t bytes = bytes_of(contents);
  if (bytes > capacity_bytes_) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    capacity_bytes_ = bytes;
  }
  used_bytes_ = 0;
  contents_ = contents;
  for (NamedTensor& weight : contents_.weights)
    weight.tensor.data = const_cast<void*>(put(weight.tensor.data, weight.tensor.bytes()));
  OptimizerShard& shard = contents_.optimizer;
  shard.master = put_state(shard.master, shard);
  shard.m = put_state(shard.m, shard);
  shard.v = put_state(shard.v, shard);
  return contents_;
}

}  // namespace convoy
