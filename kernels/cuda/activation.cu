// Activations and their gradients, an element at a time. The kind is found once a turn, not for each element.
#include "kernels/cuda/activation.h"

#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Real>
struct Activated {
  Real* y;
  const Real* x;
  Activation kind;
  float number;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const Elements<Real, kWidth> from(x + i);
    Elements<Real, kWidth> to;
    with_activation(kind, [&](auto which) {
#pragma unroll
      for (int k = 0; k < kWidth; ++k) to.set(k, Activations::value<decltype(which)::value>(from.get(k), number));
    });
    to.store(y + i);
  }
};

template <class Real>
struct ActivationGradient {
  Real* dx;
  const Real *dy, *at;
  Activation kind;
  float number;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const Elements<Real, kWidth> gradient(dy + i), place(at + i);
    Elements<Real, kWidth> to;
    with_activation(kind, [&](auto which) {
#pragma unroll
      for (int k = 0; k < kWidth; ++k)
        to.set(k, gradient.get(k) * Activations::derivative_at<decltype(which)::value>(place.get(k), number));
    });
    to.store(dx + i);
  }
};

}  // namespace

void activation_forward(Stream& stream, const ActivationForward& args) {
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    const Activated<Real> operation{data_of<Real>(args.y), data_of<Real>(args.x), args.kind, args.number};
    enqueue_elementwise(stream, args.x.elements(), aligned_16(operation.y, operation.x), operation);
  });
}

void activation_backward(Stream& stream, const ActivationBackward& args) {
  for_real(args.dx.dtype, [&](auto real) {
    using Real = decltype(real);
    const ActivationGradient<Real> operation{data_of<Real>(args.dx), data_of<Real>(args.dy), data_of<Real>(args.at),
                                             args.kind, args.number};
    enqueue_elementwise(stream, args.dx.elements(), aligned_16(operation.dx, operation.dy, operation.at), operation);
  });
}

}  // namespace convoy::cuda
