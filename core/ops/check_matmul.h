// The rules of core/ops/matmul.h, for every device.
#pragma once

#include "core/ops/matmul.h"

namespace convoy {

// Throws InternalError, naming all shapes, if the tensors do not fit together.
void check_matmul(const Matmul& args);

}  // namespace convoy
