// First include of a source file that compiles kernels for AVX-512, see begin_avx2.h.
//
// The target is set by a pragma after every header that others share, not by a compiler option: an inline function that
// other files use too is then never compiled for more than the baseline, whichever copy the linker keeps.
#pragma once

#define CONVOY_ISA avx512
// g++ 12 warns of the registers that its own intrinsics leave undefined on purpose.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "kernels/cpu/simd/standard_headers.h"
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prfchw,prefer-vector-width=512")
#include "kernels/cpu/simd/vector_avx512.h"
