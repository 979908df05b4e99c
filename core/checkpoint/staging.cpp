#include "core/checkpoint/staging.h"

#include <cstring>

#include "core/base/integers.h"

namespace convoy {
namespace {

constexpr size_t kAlignment = 64;

size_t state_bytes(const StateShard& shard, const StateShard::Array& array) {
  return static_cast<size_t>(shard.held) * size_of(array.dtype);
}

}  // namespace

size_t Staging::planned_bytes(const CheckpointContents& contents) {
  size_t bytes = 0;
  for (const NamedTensor& weight : contents.weights) bytes += round_up(weight.tensor.bytes(), kAlignment);
  for (const StateShard& shard : contents.optimizer.groups)
    for (const StateShard::Array& array : shard.arrays) bytes += round_up(state_bytes(shard, array), kAlignment);
  return bytes;
}

const void* Staging::put(const void* data, size_t bytes) {
  std::byte* const place = buffer_.get() + used_bytes_;
  if (bytes > 0) std::memcpy(place, data, bytes);
  used_bytes_ += round_up(bytes, kAlignment);
  return place;
}

const CheckpointContents& Staging::copy(const CheckpointContents& contents) {
  const size_t bytes = planned_bytes(contents);
  if (bytes > capacity_bytes_) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
    capacity_bytes_ = bytes;
  }
  used_bytes_ = 0;
  contents_ = contents;
  for (NamedTensor& weight : contents_.weights)
    weight.tensor.data = const_cast<void*>(put(weight.tensor.data, weight.tensor.bytes()));
  for (StateShard& shard : contents_.optimizer.groups)
    for (StateShard::Array& array : shard.arrays) array.data = put(array.data, state_bytes(shard, array));
  return contents_;
}

}  // namespace convoy
