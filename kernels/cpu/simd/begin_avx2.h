// First include of a source file that compiles kernels for AVX2 and FMA, the baseline of the build.
//
// How kernels are written: a header `*_kernel.h` holds the code once, in namespace convoy::cpu::CONVOY_ISA and there in
// an unnamed namespace, in terms of the types of vector_*.h. Two source files include it, one behind begin_avx2.h and
// one behind begin_avx512.h. Kernels are serial over the range they are given; OpenMP stays outside.
//
// A vector has 16 lanes in both, here two registers, so that both variants add in the same order and give the same
// bits.
#pragma once

#define CONVOY_ISA avx2
#include "kernels/cpu/simd/standard_headers.h"
// prefetchw: processors with AVX2 that do not know it do nothing.
#pragma GCC target("prfchw")
#include "kernels/cpu/simd/vector_avx2.h"
