// y += x (through bf16 where asked), y = x, converted, and x = a value.
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Through>
struct AddThrough {
  template <int kWidth, class Real>
  __device__ void apply(Real* y, const Real* x) const {
    const Elements<Real, kWidth> one(y), other(x);
    Elements<Real, kWidth> sum;
    for (int i = 0; i < kWidth; ++i) sum.set(i, to_float(from_float<Through>(one.get(i) + other.get(i))));
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

struct Put {
  float value;
  template <int kWidth>
  __device__ void apply(float* y, const float*) const {
    Elements<float, kWidth> to;
    for (int i = 0; i < kWidth; ++i) to.set(i, value);
    to.store(y);
  }
};

}  // namespace

void add(Stream& stream, const Add& args) {
  if (args.y.dtype == DType::bf16)
    return enqueue_elementwise(stream, data_of<__nv_bfloat16>(args.y), data_of<const __nv_bfloat16>(args.x),
                               args.y.elements(), AddThrough<float>{});
  for_real(args.through, [&](auto through) {
    enqueue_elementwise(stream, data_of<float>(args.y), data_of<const float>(args.x), args.y.elements(),
                        AddThrough<decltype(through)>{});
  });
}

void cast(Stream& stream, const Cast& args) {
  if (args.y.dtype == args.x.dtype) return stream.copy(args.y.data, args.x.data, args.x.bytes());
  for_real(args.y.dtype, [&](auto to) {
    for_real(args.x.dtype, [&](auto from) {
      enqueue_elementwise(stream, data_of<decltype(to)>(args.y), data_of<const decltype(from)>(args.x),
                          args.y.elements(), Convert{});
    });
  });
}

void fill(Stream& stream, const Fill& args) {
  float* x = data_of<float>(args.x);
  enqueue_elementwise(stream, x, static_cast<const float*>(x), args.x.elements(), Put{args.value});
}

}  // namespace convoy::cuda
