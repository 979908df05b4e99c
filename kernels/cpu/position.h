// Where a sample's first token stands, by a tensor of i64: (1), the same for all samples, or (B), one for each; absent:
// 0.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy::cpu {

[[gnu::always_inline]] inline int64_t first_position(const Tensor& position, int64_t sample) {
  return position ? position.as<const int64_t>()[position.elements() > 1 ? sample : 0] : 0;
}

}  // namespace convoy::cpu
