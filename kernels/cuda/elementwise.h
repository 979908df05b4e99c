// What is done to every element of two ranges alone. A thread and turn moves 16 bytes of f32: four elements.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {

inline constexpr int kElementwiseThreads = 256;
inline constexpr int kElementwiseWidth = 4;

// operation.apply<kWidth>(y, x) for kWidth elements that begin there.
template <int kWidth, class Y, class X, class Operation>
__global__ void __launch_bounds__(kElementwiseThreads)
    elementwise_kernel(Y* y, X* x, int64_t count, Operation operation) {
  const int64_t first = blockIdx.x * int64_t{kElementwiseThreads} + threadIdx.x;
  const int64_t stride = int64_t{gridDim.x} * kElementwiseThreads;
  const int64_t turns = count / kWidth;
  for (int64_t i = first; i < turns; i += stride) operation.template apply<kWidth>(y + i * kWidth, x + i * kWidth);
  for (int64_t i = turns * kWidth + first; i < count; i += stride) operation.template apply<1>(y + i, x + i);
}

template <class Y, class X, class Operation>
void enqueue_elementwise(Stream& stream, Y* y, X* x, int64_t count, Operation operation) {
  const bool wide = aligned_16(y, x);
  launch(stream, wide ? elementwise_kernel<kElementwiseWidth, Y, X, Operation> : elementwise_kernel<1, Y, X, Operation>,
         blocks_for(ceil_div<int64_t>(count, kElementwiseThreads * int64_t{wide ? kElementwiseWidth : 1})),
         kElementwiseThreads, 0, y, x, count, operation);
}

}  // namespace convoy::cuda
