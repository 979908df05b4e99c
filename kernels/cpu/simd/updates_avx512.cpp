#include "kernels/cpu/simd/begin_avx512.h"
//
#include "kernels/cpu/simd/update_kernel.h"
