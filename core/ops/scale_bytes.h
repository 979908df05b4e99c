// Bytes as numbers: pictures.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

// y = scale * x + shift
struct ScaleBytes {
  Tensor y;  // f32 or bf16
  Tensor x;  // u8, as many elements
  float scale = 1, shift = 0;
};

}  // namespace convoy
