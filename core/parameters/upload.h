// Host f32 values into device tensors, rounded to the tensors' dtype.
#pragma once

#include <algorithm>
#include <cstring>

#include "core/base/bf16.h"
#include "core/device/device.h"
#include "core/device/stream.h"
#include "core/tensor/tensor.h"

namespace convoy {

class Upload {
 public:
  // elements: of the largest tensor.
  Upload(Device& device, Stream& stream, size_t elements)
      : stream_(stream), staging_(device.allocate(elements * sizeof(float), MemoryKind::host)) {}

  // Blocks. A tensor that is absent or empty takes nothing.
  void put(const Tensor& to, const float* values) {
    if (!to || to.elements() == 0) return;
    if (to.dtype == DType::f32)
      std::memcpy(staging_.data(), values, to.bytes());
    else
      std::transform(values, values + to.elements(), static_cast<bf16*>(staging_.data()),
                     [](float value) { return bf16(value); });
    stream_.copy(to.data, staging_.data(), to.bytes());
    stream_.synchronize();
  }

 private:
  Stream& stream_;
  Memory staging_;
};

}  // namespace convoy
