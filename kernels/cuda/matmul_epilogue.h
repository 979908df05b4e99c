// What follows a matrix product where cuBLASLt's epilogues do not do it.
#pragma once

#include "core/device/stream.h"
#include "core/ops/matmul.h"

namespace convoy::cuda {

// c from product (M, N) f32, which may be c's own memory: the steps of core/ops/matmul.h behind the product. Old values
// of c are added here only if add_old.
void enqueue_epilogue(Stream& stream, const Matmul& args, const float* product, bool add_old);

// sums (N) f32 += column sums of matrix (K, N). partials: column_sum_bytes(K, N).
void enqueue_column_sums(Stream& stream, const Tensor& sums, const Tensor& matrix, float* partials);
size_t column_sum_bytes(int64_t K, int64_t N);

// sums (N) += values (N), both f32.
void enqueue_add(Stream& stream, float* sums, const float* values, int64_t N);

}  // namespace convoy::cuda
