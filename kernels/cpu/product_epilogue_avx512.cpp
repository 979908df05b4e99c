#include <algorithm>
#include <cstring>

#include "kernels/cpu/product_epilogue.h"

// After all headers, so that no inline function of theirs is compiled for more than the baseline.
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512")

namespace convoy::cpu {
namespace {

constexpr int kLanes = 16;
#include "kernels/cpu/product_math.inc"

#include "kernels/cpu/product_epilogue.inc"

}  // namespace

const ProductLoops avx512::kProductLoops{epilogue, widen, add_column_sums};

}  // namespace convoy::cpu
