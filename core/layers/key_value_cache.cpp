#include "core/layers/key_value_cache.h"

#include <cstddef>

namespace convoy {

KeyValueCache::KeyValueCache(Device& device, int layers, int64_t B, int64_t context, int64_t C, DType dtype)
    : B_(B),
      context_(context),
      C_(C),
      dtype_(dtype),
      memory_(device.allocate(static_cast<size_t>(2 * layers * B * context * C) * size_of(dtype))) {}

Heads KeyValueCache::heads(int index) const {
  auto* base = static_cast<std::byte*>(memory_.data());
  return {base + static_cast<size_t>(index * B_ * context_ * C_) * size_of(dtype_), C_, context_ * C_};
}

}  // namespace convoy
