// Running a product in stream order.
#pragma once
#include "tests/virtual_gpu/blas/problem.h"

namespace convoy::vgpu {
// Appends the product to the stream. Problem and operands have been checked.
void enqueue_problem(cudaStream_t stream, const Problem& problem, const Algorithm& algorithm, const Operands& operands);
}  // namespace convoy::vgpu
