#include <algorithm>
#include <cmath>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void moving_average(Stream& stream, const MovingAverage& args) {
  enqueue(stream, [args] {
    if (std::isnan(args.norm_and_factor.as<float>()[1])) return;
    const int64_t n = args.average.elements();
    parallel_for(ceil_div(n, kPieceElements), [&](int64_t piece) {
      range_kernels().moving_average(args, piece * kPieceElements, std::min(n, (piece + 1) * kPieceElements));
    });
  });
}

void swap(Stream& stream, const Swap& args) {
  enqueue(stream, [args] {
    const int64_t n = args.a.elements();
    parallel_for(ceil_div(n, kPieceElements), [&](int64_t piece) {
      const int64_t begin = piece * kPieceElements, end = std::min(n, begin + kPieceElements);
      std::swap_ranges(args.a.as<float>() + begin, args.a.as<float>() + end, args.b.as<float>() + begin);
    });
  });
}

}  // namespace convoy::cpu
