// Softmax of rows, and the losses that contain it.
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {

void cross_entropy(Stream& stream, const CrossEntropy& args) {
  enqueue(stream, [args] {
    for_rows(args.targets.elements(), args.logits.shape[-1],
             [&](int64_t begin, int64_t end) { row_kernels().cross_entropy(args, begin, end); });
  });
}

void weighted_cross_entropy(Stream& stream, const WeightedCrossEntropy& args) {
  enqueue(stream, [args] {
    for_rows(args.targets.elements(), args.logits.shape[-1],
             [&](int64_t begin, int64_t end) { row_kernels().weighted_cross_entropy(args, begin, end); });
  });
}

void softmax_forward(Stream& stream, const SoftmaxForward& args) {
  enqueue(stream, [args] {
    const int64_t C = args.x.shape[-1];
    for_rows(args.x.elements() / C, C,
             [&](int64_t begin, int64_t end) { row_kernels().softmax_forward(args, begin, end); });
  });
}

void softmax_backward(Stream& stream, const SoftmaxBackward& args) {
  enqueue(stream, [args] {
    const int64_t C = args.y.shape[-1];
    for_rows(args.y.elements() / C, C,
             [&](int64_t begin, int64_t end) { row_kernels().softmax_backward(args, begin, end); });
  });
}

}  // namespace convoy::cpu
