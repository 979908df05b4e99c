// Convolutions by our own kernels: bits follow from shapes alone, not from threads nor from the instruction set, which
// those of oneDNN's would not.
#include "core/ops/convolution.h"

#include <algorithm>

#include "kernels/cpu/convolution/tap_product.h"
#include "kernels/cpu/convolution/weight_gradient.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

TapProduct forward_product(const ConvolutionForward& args) {
  return {forward_grid(args.shape), channel_groups(args.shape), args.x, args.y, args.bias, args.relu};
}

TapProduct gradient_product(const ConvolutionBackwardInput& args, int64_t row, int64_t column) {
  return {input_gradient_grid(args.shape, row, column),
          channel_groups(args.shape, /*of_input=*/true),
          args.dy,
          args.dx,
          Tensor(),
          false};
}

}  // namespace

void convolution_forward(Stream& stream, const ConvolutionForward& args, const Tensor& scratch) {
  check_convolution(args.shape, args.x, args.y, args.weight);
  enqueue(stream,
          [args, scratch] { forward_product(args).run(args.weight, args.shape.kernel_w, scratch.as<float>()); });
}

size_t convolution_forward_scratch_bytes(const ConvolutionForward& args) {
  return forward_product(args).scratch_bytes();
}

// One grid after the other, in the same scratch.
void convolution_backward_input(Stream& stream, const ConvolutionBackwardInput& args, const Tensor& scratch) {
  check_convolution(args.shape, args.dx, args.dy, args.weight);
  enqueue(stream, [args, scratch] {
    for (int64_t row = 0; row < args.shape.stride_h; ++row)
      for (int64_t column = 0; column < args.shape.stride_w; ++column)
        gradient_product(args, row, column).run(args.weight, args.shape.kernel_w, scratch.as<float>());
  });
}

size_t convolution_backward_input_scratch_bytes(const ConvolutionBackwardInput& args) {
  size_t bytes = 0;
  for (int64_t row = 0; row < args.shape.stride_h; ++row)
    for (int64_t column = 0; column < args.shape.stride_w; ++column)
      bytes = std::max(bytes, gradient_product(args, row, column).scratch_bytes());
  return bytes;
}

void convolution_backward_weight(Stream& stream, const ConvolutionBackwardWeight& args, const Tensor& scratch) {
  check_convolution(args.shape, args.x, args.dy, args.dweight);
  enqueue(stream, [args, scratch] { WeightGradient(args).run(scratch.as<float>()); });
}

size_t convolution_backward_weight_scratch_bytes(const ConvolutionBackwardWeight& args) {
  return WeightGradient(args).scratch_bytes();
}

}  // namespace convoy::cpu
