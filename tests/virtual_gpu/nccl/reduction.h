// The arithmetic of reductions.
//
// The result of a reduction is ((x0 op x1) op x2) ... in rank order, the same bits on every rank. float16 and bfloat16
// are accumulated in float32 and rounded once, to nearest even; float32, float64 and integers in their own type,
// integers modulo 2^bits. An average is the sum divided by the number of ranks before the rounding; integers divide as
// C does. A pre-multiplied sum rounds every scaled input to its type, as NCCL does. The maximum and minimum of a number
// and a NaN is the number.
#pragma once
#include <cstddef>
#include <vector>

#include "tests/virtual_gpu/nccl/request.h"

namespace convoy::virtual_nccl {
// output[i] = the reduction over parts of part[i]; output may be one of the parts.
void reduce_parts(ncclDataType_t type, ncclRedOp_t op, const std::vector<const std::byte*>& parts, size_t elements,
                  std::byte* output);

// data[i] *= the scalar of the same type, rounded to that type.
void multiply(ncclDataType_t type, const void* scalar, size_t elements, std::byte* data);
}  // namespace convoy::virtual_nccl
