#include "kernels/cpu/pooling/kernels.h"
//
#include "kernels/cpu/simd/begin_avx2.h"
//
#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/pooling/pool_kernel.h"
