// What is done to every element alone. A thread and turn moves 16 bytes of f32: four elements.
#pragma once

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {

inline constexpr int kElementwiseThreads = 256;
inline constexpr int kElementwiseWidth = 4;

// operation.apply<kWidth>(i) for kWidth elements that begin at i.
template <int kWidth, class Operation>
__global__ void __launch_bounds__(kElementwiseThreads) elementwise_kernel(int64_t count, Operation operation) {
  const int64_t first = blockIdx.x * int64_t{kElementwiseThreads} + threadIdx.x;
  const int64_t stride = int64_t{gridDim.x} * kElementwiseThreads;
  const int64_t turns = count / kWidth;
  for (int64_t i = first; i < turns; i += stride) operation.template apply<kWidth>(i * kWidth);
  for (int64_t i = turns * kWidth + first; i < count; i += stride) operation.template apply<1>(i);
}

// wide: what the operation accesses begins at multiples of 16 bytes.
template <class Operation>
void enqueue_elementwise(Stream& stream, int64_t count, bool wide, Operation operation) {
  launch(stream, wide ? elementwise_kernel<kElementwiseWidth, Operation> : elementwise_kernel<1, Operation>,
         blocks_for(ceil_div<int64_t>(count, kElementwiseThreads * int64_t{wide ? kElementwiseWidth : 1})),
         kElementwiseThreads, 0, count, operation);
}

// The same for an operation that takes one element alone.
template <class Operation>
void enqueue_single(Stream& stream, int64_t count, Operation operation) {
  launch(stream, elementwise_kernel<1, Operation>, blocks_for(ceil_div<int64_t>(count, kElementwiseThreads)),
         kElementwiseThreads, 0, count, operation);
}

// operation.apply<kWidth>(y, x) for kWidth elements of two ranges that begin there.
template <class Y, class X, class Operation>
struct OnPairs {
  Y* y;
  X* x;
  Operation operation;
  template <int kWidth>
  __device__ void apply(int64_t i) const {
    operation.template apply<kWidth>(y + i, x + i);
  }
};
template <class Y, class X, class Operation>
void enqueue_elementwise(Stream& stream, Y* y, X* x, int64_t count, Operation operation) {
  enqueue_elementwise(stream, count, aligned_16(y, x), OnPairs<Y, X, Operation>{y, x, operation});
}

}  // namespace convoy::cuda
