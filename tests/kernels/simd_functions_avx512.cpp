#include "tests/kernels/simd_functions.h"
//
#include "kernels/cpu/simd/begin_avx512.h"
//
#include "tests/kernels/simd_functions_table.h"
