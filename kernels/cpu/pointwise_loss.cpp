#include "core/ops/pointwise_loss.h"

#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"

namespace convoy::cpu {

void pointwise_loss(Stream& stream, const PointwiseLoss& args) {
  enqueue(stream, [args] {
    const int64_t F = args.x.shape[-1];
    for_rows(args.x.elements() / F, F,
             [&](int64_t begin, int64_t end) { elementwise_kernels().pointwise_loss(args, begin, end); });
  });
}

}  // namespace convoy::cpu
