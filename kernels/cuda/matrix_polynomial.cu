// What Muon's iteration has beside its products, element by element.
#include "core/ops/matrix_polynomial.h"

#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

template <class Real>
struct Scaled {
  Real* y;
  const float* x;
  const float* square;
  float eps;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const float scale = 1.0f / (sqrtf(*square) + eps);
    const Elements<float, kWidth> from(x + i);
    Elements<Real, kWidth> to;
    for (int k = 0; k < kWidth; ++k) to.set(k, from.get(k) * scale);
    to.store(y + i);
  }
};

template <class Real>
struct Polynomial {
  Real* y;
  const Real* a;
  float c0, c1, c2;
  int64_t n;

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    Elements<Real, kWidth> to(y + i);
    const Elements<Real, kWidth> from(a + i);
    const int64_t diagonal = i / n * (n + 1);  // of the row in which the first lies
    for (int k = 0; k < kWidth; ++k) {
      const float value = fmaf(c2, to.get(k), c1 * from.get(k));
      const bool on_diagonal = i + k == diagonal || i + k == diagonal + n + 1;
      to.set(k, on_diagonal ? value + c0 : value);
    }
    to.store(y + i);
  }
};

}  // namespace

void unit_norm(Stream& stream, const UnitNorm& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    const Scaled<Real> operation{data_of<Real>(args.y), data_of<float>(args.x), data_of<float>(args.square), args.eps};
    enqueue_elementwise(stream, args.x.elements(), aligned_16(operation.y, operation.x), operation);
  });
}

void matrix_polynomial(Stream& stream, const MatrixPolynomial& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    const Polynomial<Real> operation{data_of<Real>(args.y), data_of<Real>(args.a), args.c0, args.c1, args.c2,
                                     args.y.shape[1]};
    // A turn spans at most two rows.
    const bool wide = args.y.shape[1] >= kElementwiseWidth && aligned_16(operation.y, operation.a);
    enqueue_elementwise(stream, args.y.elements(), wide, operation);
  });
}

}  // namespace convoy::cuda
