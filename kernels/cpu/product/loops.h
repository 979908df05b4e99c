// The table of the loops of products, compiled once per instruction set. See simd/begin_avx2.h.
#pragma once

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/math.h"
//
#include "kernels/cpu/simd/activation_kernel.h"
//
#include "kernels/cpu/product/epilogue_kernel.h"
#include "kernels/cpu/product/operand_kernels.h"

namespace convoy::cpu::CONVOY_ISA {

const ProductLoops product_loops = {epilogue, widen, add_column_sums};

}  // namespace convoy::cpu::CONVOY_ISA
