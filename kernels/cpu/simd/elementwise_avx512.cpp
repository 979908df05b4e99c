#include "kernels/cpu/simd/elementwise_kernels.h"
//
#include "kernels/cpu/simd/begin_avx512.h"
//
#include "kernels/cpu/simd/elementwise_kernel.h"
