#include "kernels/cpu/product/kernels.h"
//
#include "kernels/cpu/simd/begin_avx512.h"
//
#include "kernels/cpu/product/loops.h"
