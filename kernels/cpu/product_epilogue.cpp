#include "kernels/cpu/product_epilogue.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {
namespace {

constexpr int kLanes = 8;
inline __m256 minimum(__m256 a, __m256 b) { return _mm256_min_ps(a, b); }
inline __m256 maximum(__m256 a, __m256 b) { return _mm256_max_ps(a, b); }
#include "kernels/cpu/product_math.inc"

#include "kernels/cpu/product_epilogue.inc"

}  // namespace

const ProductLoops avx2::kProductLoops{epilogue, widen, add_column_sums};

const ProductLoops& product_loops() {
  static const ProductLoops& loops = active_isa() >= Isa::avx512 ? avx512::kProductLoops : avx2::kProductLoops;
  return loops;
}

}  // namespace convoy::cpu
