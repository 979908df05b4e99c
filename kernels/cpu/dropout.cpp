#include <algorithm>
#include <cstring>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void dropout_apply(Stream& stream, const DropoutApply& args) {
  enqueue(stream, [args] {
    if (args.dropout.p == 0) {
      if (args.y.data != args.x.data) std::memcpy(args.y.data, args.x.data, args.x.bytes());
      return;
    }
    const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
    const int64_t rows = std::max<int64_t>(1, kPieceElements / C);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) {
      row_kernels().dropout_apply(args, piece * rows, std::min(N, (piece + 1) * rows));
    });
  });
}

}  // namespace convoy::cpu
