// The table of kernels over rows and ranges, compiled once per instruction set. See begin_avx2.h.
#pragma once

#include "kernels/cpu/position.h"
#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/math.h"
#include "kernels/cpu/simd/random.h"
//
#include "kernels/cpu/simd/batch_norm_kernels.h"
#include "kernels/cpu/simd/cross_entropy_kernel.h"
#include "kernels/cpu/simd/dropout_kernel.h"
#include "kernels/cpu/simd/embedding_kernel.h"
#include "kernels/cpu/simd/norm_kernels.h"
#include "kernels/cpu/simd/reduction_kernels.h"
//
#include "kernels/cpu/simd/softmax_kernel.h"

namespace convoy::cpu::CONVOY_ISA {

const RowKernels row_kernels = {norm_forward,
                                norm_backward,
                                embedding_forward,
                                embedding_backward_tokens,
                                embedding_backward_positions,
                                embedding_backward_document_positions,
                                dropout_apply,
                                cross_entropy,
                                column_moments,
                                batch_norm_sums,
                                join_moments,
                                column_normalise,
                                batch_norm_input_gradient,
                                weighted_cross_entropy,
                                softmax_forward,
                                softmax_backward};
const RangeKernels range_kernels = {sum,         sum_squares, add,     tree_sum, cast, moving_average,
                                    column_sums, statistics,  add_rows};

}  // namespace convoy::cpu::CONVOY_ISA
