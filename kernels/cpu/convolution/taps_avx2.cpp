#include "kernels/cpu/convolution/kernels.h"
//
#include "kernels/cpu/simd/begin_avx2.h"
//
#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/convolution/tap_kernel.h"
