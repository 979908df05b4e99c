#include "kernels/cpu/product_epilogue.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/cpu_isa.h"

namespace convoy::cpu {
namespace {

constexpr int kLanes = 8;
#include "kernels/cpu/product_math.inc"

#include "kernels/cpu/product_epilogue.inc"

}  // namespace

const ProductLoops avx2::kProductLoops{epilogue, widen, add_column_sums};

const ProductLoops& product_loops() {
  static const ProductLoops& loops = active_isa() >= Isa::avx512 ? avx512::kProductLoops : avx2::kProductLoops;
  return loops;
}

}  // namespace convoy::cpu
