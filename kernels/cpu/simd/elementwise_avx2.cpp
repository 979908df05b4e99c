#include "kernels/cpu/simd/elementwise_kernels.h"
//
#include "kernels/cpu/simd/begin_avx2.h"
//
#include "kernels/cpu/simd/elementwise_kernel.h"
