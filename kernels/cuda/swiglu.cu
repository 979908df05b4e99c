// The gated unit of SwiGLU, element by element.
#include "core/ops/swiglu.h"

#include "kernels/cuda/activation.h"
#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

// Of elements of y; a row of x holds F gates, then F values.
template <class Real>
struct GatedUnit {
  Real* y;
  const Real* x;
  int64_t F;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const int64_t at = i + i / F * F;
    const Elements<Real, kWidth> gate(x + at), value(x + at + F);
    Elements<Real, kWidth> to;
    for (int k = 0; k < kWidth; ++k) to.set(k, gate.get(k) * FloatMath::sigmoid(gate.get(k)) * value.get(k));
    to.store(y + i);
  }
};

template <class Real>
struct GatedUnitBackward {
  Real *dx, *y;  // y: null: not wanted
  const Real *dy, *x;
  int64_t F;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const int64_t at = i + i / F * F;
    const Elements<Real, kWidth> gate(x + at), value(x + at + F), from(dy + i);
    Elements<Real, kWidth> dgate, dvalue, again;
    for (int k = 0; k < kWidth; ++k) {
      const float g = gate.get(k), v = value.get(k), d = from.get(k), s = FloatMath::sigmoid(g), silu = g * s;
      dvalue.set(k, d * silu);
      dgate.set(k, d * v * fmaf(silu, 1.0f - s, s));
      again.set(k, silu * v);
    }
    dgate.store(dx + at);
    dvalue.store(dx + at + F);
    if (y != nullptr) again.store(y + i);
  }
};

}  // namespace

void swiglu_forward(Stream& stream, const SwiGluForward& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    const GatedUnit<Real> unit{data_of<Real>(args.y), data_of<Real>(args.x), args.y.shape[1]};
    enqueue_elementwise(stream, args.y.elements(), unit.F % kElementwiseWidth == 0 && aligned_16(unit.y, unit.x), unit);
  });
}

void swiglu_backward(Stream& stream, const SwiGluBackward& args) {
  for_real(args.dy.dtype, [&](auto real) {
    using Real = decltype(real);
    const GatedUnitBackward<Real> unit{data_of<Real>(args.dx), data_of<Real>(args.y), data_of<Real>(args.dy),
                                       data_of<Real>(args.x), args.dy.shape[1]};
    enqueue_elementwise(stream, args.dy.elements(),
                        unit.F % kElementwiseWidth == 0 && aligned_16(unit.dx, unit.y, unit.dy, unit.x), unit);
  });
}

}  // namespace convoy::cuda
