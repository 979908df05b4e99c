// y += x (through bf16 where asked), y = x, converted, and x = a value. A thread and turn moves 16 bytes of f32: four
// elements.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 4;

// operation(y, x) for every element, kWidth at a time.
template <int kWidth, class Y, class X, class Operation>
__global__ void __launch_bounds__(kThreads) elementwise_kernel(Y* y, const X* x, int64_t count, Operation operation) {
  const int64_t first = blockIdx.x * int64_t{kThreads} + threadIdx.x, stride = int64_t{gridDim.x} * kThreads;
  const int64_t turns = count / kWidth;
  for (int64_t i = first; i < turns; i += stride) operation.template apply<kWidth>(y + i * kWidth, x + i * kWidth);
  for (int64_t i = turns * kWidth + first; i < count; i += stride) operation.template apply<1>(y + i, x + i);
}

template <class Y, class X, class Operation>
void enqueue(Stream& stream, Y* y, const X* x, int64_t count, Operation operation) {
  const bool wide = aligned_16(y, x);
  launch(stream, wide ? elementwise_kernel<kElements, Y, X, Operation> : elementwise_kernel<1, Y, X, Operation>,
         blocks_for(ceil_div<int64_t>(count, kThreads * int64_t{wide ? kElements : 1})), kThreads, 0, y, x, count,
         operation);
}

template <class Through>
struct AddThrough {
  template <int kWidth>
  __device__ void apply(float* y, const float* x) const {
    Elements<float, kWidth> sum(y);
    const Elements<float, kWidth> other(x);
    for (int i = 0; i < kWidth; ++i) sum.set(i, to_float(from_float<Through>(sum.get(i) + other.get(i))));
    sum.store(y);
  }
};

struct Convert {
  template <int kWidth, class Y, class X>
  __device__ void apply(Y* y, const X* x) const {
    const Elements<X, kWidth> from(x);
    Elements<Y, kWidth> to;
    for (int i = 0; i < kWidth; ++i) to.set(i, from.get(i));
    to.store(y);
  }
};

__global__ void __launch_bounds__(kThreads) fill_kernel(float* x, int64_t count, float value) {
  const int64_t stride = int64_t{gridDim.x} * kThreads;
  for (int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x; i < count; i += stride) x[i] = value;
}

}  // namespace

void add(Stream& stream, const Add& args) {
  for_real(args.through, [&](auto through) {
    enqueue(stream, data_of<float>(args.y), data_of<const float>(args.x), args.y.elements(),
            AddThrough<decltype(through)>{});
  });
}

void cast(Stream& stream, const Cast& args) {
  if (args.y.dtype == args.x.dtype) return stream.copy(args.y.data, args.x.data, args.x.bytes());
  for_real(args.y.dtype, [&](auto to) {
    for_real(args.x.dtype, [&](auto from) {
      enqueue(stream, data_of<decltype(to)>(args.y), data_of<const decltype(from)>(args.x), args.y.elements(),
              Convert{});
    });
  });
}

void fill(Stream& stream, const Fill& args) {
  launch(stream, fill_kernel, blocks_for(ceil_div<int64_t>(args.x.elements(), kThreads)), kThreads, 0,
         data_of<float>(args.x), args.x.elements(), args.value);
}

}  // namespace convoy::cuda
