// The dtype that a precision computes in.
#pragma once

#include "core/config/config.h"
#include "core/tensor/dtype.h"

namespace convoy {

constexpr DType compute_dtype(Precision precision) { return precision == Precision::bf16 ? DType::bf16 : DType::f32; }

}  // namespace convoy
