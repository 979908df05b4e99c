// The table of kernels of attention, compiled once per instruction set. See begin_avx2.h.
#pragma once

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/math.h"
#include "kernels/cpu/simd/random.h"
#include "kernels/cpu/simd/requests.h"
//
#include "kernels/cpu/simd/attention_product_kernel.h"
//
#include "kernels/cpu/simd/attention_tiles.h"
//
#include "kernels/cpu/simd/attention_backward_kernel.h"
#include "kernels/cpu/simd/attention_decode_kernel.h"
#include "kernels/cpu/simd/attention_forward_kernel.h"

namespace convoy::cpu::CONVOY_ISA {

const AttentionKernels attention_kernels = {attention_forward, attention_backward, attention_decode};

}  // namespace convoy::cpu::CONVOY_ISA
