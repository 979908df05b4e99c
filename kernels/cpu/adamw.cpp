#include <algorithm>
#include <cmath>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void adamw(Stream& stream, const AdamW& args) {
  enqueue(stream, [args] {
    if (std::isnan(args.norm_and_factor.as<float>()[1])) return;
    static_assert(kPieceElements % kParameterBlock == 0);
    const int64_t n = args.gradient.elements();
    parallel_for(ceil_div(n, kPieceElements), [&](int64_t piece) {
      range_kernels().adamw(args, piece * kPieceElements, std::min(n, (piece + 1) * kPieceElements));
    });
  });
}

}  // namespace convoy::cpu
