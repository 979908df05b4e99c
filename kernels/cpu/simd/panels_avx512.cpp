#include "kernels/cpu/simd/begin_avx512.h"
//
#include "kernels/cpu/simd/panel_kernels.h"
