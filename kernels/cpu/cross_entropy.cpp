#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void cross_entropy(Stream& stream, const CrossEntropy& args) {
  enqueue(stream, [args] {
    const int64_t V = args.logits.shape[-1], N = args.targets.elements();
    const int64_t rows = std::max<int64_t>(1, kPieceElements / V);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) {
      row_kernels().cross_entropy(args, piece * rows, std::min(N, (piece + 1) * rows));
    });
  });
}

}  // namespace convoy::cpu
