#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/product/kernels.h"

// g++ 12 warns of the registers that its own intrinsics leave undefined on purpose.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
// After all headers, so that no inline function of theirs is compiled for more than the baseline.
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")

namespace convoy::cpu {
namespace {

constexpr int kLanes = 16;
inline __m512 minimum(__m512 a, __m512 b) { return _mm512_min_ps(a, b); }
inline __m512 maximum(__m512 a, __m512 b) { return _mm512_max_ps(a, b); }
#include "kernels/cpu/product/math.inc"

#include "kernels/cpu/product/epilogue.inc"

}  // namespace

const ProductLoops avx512::product_loops{epilogue, widen, add_column_sums};

}  // namespace convoy::cpu
