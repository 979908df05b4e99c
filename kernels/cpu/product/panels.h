// The table of kernels of large f32 products, compiled once per instruction set. See simd/begin_avx2.h.
#pragma once

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/requests.h"
//
#include "kernels/cpu/product/few_rows_kernel.h"
#include "kernels/cpu/product/panel_kernel.h"

namespace convoy::cpu::CONVOY_ISA {

const PanelKernels panel_kernels = {kStripRows, kPanelColumns, multiply_strip, few_rows};

}  // namespace convoy::cpu::CONVOY_ISA
