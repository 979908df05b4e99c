#include "core/ops/swiglu.h"

#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/elementwise_kernels.h"

namespace convoy::cpu {

void swiglu_forward(Stream& stream, const SwiGluForward& args) {
  enqueue(stream, [args] {
    for_rows(args.x.shape[0], args.x.shape[1],
             [&](int64_t begin, int64_t end) { elementwise_kernels().swiglu_forward(args, begin, end); });
  });
}

void swiglu_backward(Stream& stream, const SwiGluBackward& args) {
  enqueue(stream, [args] {
    for_rows(args.x.shape[0], args.x.shape[1],
             [&](int64_t begin, int64_t end) { elementwise_kernels().swiglu_backward(args, begin, end); });
  });
}

}  // namespace convoy::cpu
