// y += x (through bf16 where asked) and y = x, converted. A thread and turn moves 16 bytes of f32: four elements.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 4;

// f32 or bf16 elements as wide as one load: 16 or 8 bytes.
template <class Real>
struct alignas(kElements * sizeof(Real)) Four {
  Real element[kElements];
};

template <class Real>
bool aligned_for_four(const Real* address) {
  return reinterpret_cast<uintptr_t>(address) % sizeof(Four<Real>) == 0;
}

// function(y, x) for every element, four at a time where all addresses are aligned.
template <bool kVector, class Y, class X, class Function>
__global__ void elementwise_kernel(Y* y, const X* x, int64_t count, Function function) {
  const int64_t first = blockIdx.x * int64_t{kThreads} + threadIdx.x, stride = int64_t{gridDim.x} * kThreads;
  const int64_t vectors = kVector ? count / kElements : 0;
  for (int64_t i = first; i < vectors; i += stride) {
    Four<Y> result = reinterpret_cast<Four<Y>*>(y)[i];
    const Four<X> operand = reinterpret_cast<const Four<X>*>(x)[i];
    for (int e = 0; e < kElements; ++e) function(result.element[e], operand.element[e]);
    reinterpret_cast<Four<Y>*>(y)[i] = result;
  }
  for (int64_t i = vectors * kElements + first; i < count; i += stride) function(y[i], x[i]);
}

template <class Y, class X, class Function>
void enqueue(Stream& stream, Y* y, const X* x, int64_t count, Function function) {
  const bool vector = aligned_for_four(y) && aligned_for_four(x);
  const int64_t pieces = ceil_div<int64_t>(count, kThreads * int64_t{vector ? kElements : 1});
  launch(stream, vector ? elementwise_kernel<true, Y, X, Function> : elementwise_kernel<false, Y, X, Function>,
         blocks_for(pieces), kThreads, 0, y, x, count, function);
}

struct AddF32 {
  __device__ void operator()(float& y, float x) const { y += x; }
};
struct AddThroughBf16 {
  __device__ void operator()(float& y, float x) const { y = to_float(from_float<__nv_bfloat16>(y + x)); }
};
struct Convert {
  template <class Y, class X>
  __device__ void operator()(Y& y, X x) const {
    y = from_float<Y>(to_float(x));
  }
};

}  // namespace

void CudaOps::run(Stream& stream, const Add& args) {
  float* y = data_of<float>(args.y);
  const float* x = data_of<float>(args.x);
  if (args.through == DType::bf16)
    enqueue(stream, y, x, args.y.elements(), AddThroughBf16{});
  else
    enqueue(stream, y, x, args.y.elements(), AddF32{});
}

void CudaOps::run(Stream& stream, const Cast& args) {
  if (args.y.dtype == args.x.dtype) return stream.copy(args.y.data, args.x.data, args.x.bytes());
  for_real(args.y.dtype, [&](auto to) {
    for_real(args.x.dtype, [&](auto from) {
      enqueue(stream, data_of<decltype(to)>(args.y), data_of<decltype(from)>(args.x), args.y.elements(), Convert{});
    });
  });
}

}  // namespace convoy::cuda
