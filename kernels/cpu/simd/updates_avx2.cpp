#include "kernels/cpu/simd/begin_avx2.h"
//
#include "kernels/cpu/simd/update_kernel.h"
