// Columns of one matrix become columns of another: what concatenation and its gradient are made of.
#pragma once

#include <cstdint>

#include "core/tensor/tensor.h"

namespace convoy {

// to[r, to_column + i] = from[r, from_column + i] for i < columns. Other columns stay.
struct CopyColumns {
  Tensor to, from;  // (R, C_to), (R, C_from), of one dtype; not the same memory
  int64_t to_column = 0, from_column = 0, columns = 0;
};

}  // namespace convoy
