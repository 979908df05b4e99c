#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/product/kernels.h"

namespace convoy::cpu {
namespace {

constexpr int kLanes = 8;
inline __m256 minimum(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
inline __m256 maximum(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
#include "kernels/cpu/product/math.inc"

#include "kernels/cpu/product/epilogue.inc"

}  // namespace

const ProductLoops avx2::product_loops{epilogue, widen, add_column_sums};

}  // namespace convoy::cpu
