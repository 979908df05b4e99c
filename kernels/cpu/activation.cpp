#include "core/ops/activation.h"

#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"

namespace convoy::cpu {

void activation_forward(Stream& stream, const ActivationForward& args) {
  enqueue(stream, [args] {
    for_ranges(args.x.elements(),
               [&](int64_t begin, int64_t end) { elementwise_kernels().activation_forward(args, begin, end); });
  });
}

void activation_backward(Stream& stream, const ActivationBackward& args) {
  enqueue(stream, [args] {
    for_ranges(args.dx.elements(),
               [&](int64_t begin, int64_t end) { elementwise_kernels().activation_backward(args, begin, end); });
  });
}

}  // namespace convoy::cpu
