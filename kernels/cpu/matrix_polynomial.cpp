#include "core/ops/matrix_polynomial.h"

#include <cmath>

#include "core/base/bf16.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"

namespace convoy::cpu {
namespace {

template <class Real>
void unit_norm_range(const UnitNorm& args, float scale, int64_t begin, int64_t end) {
  const float* x = args.x.as<float>();
  Real* y = args.y.as<Real>();
  for (int64_t i = begin; i < end; ++i) y[i] = Real(x[i] * scale);
}

template <class Real>
void polynomial_rows(const MatrixPolynomial& args, int64_t begin, int64_t end) {
  const int64_t n = args.y.shape[1];
  for (int64_t row = begin; row < end; ++row) {
    Real* y = args.y.as<Real>() + row * n;
    const Real* a = args.a.as<Real>() + row * n;
    const float square = static_cast<float>(y[row]), diagonal = static_cast<float>(a[row]);
    for (int64_t i = 0; i < n; ++i)
      y[i] = Real(std::fma(args.c2, static_cast<float>(y[i]), args.c1 * static_cast<float>(a[i])));
    y[row] = Real(std::fma(args.c2, square, args.c1 * diagonal) + args.c0);
  }
}

}  // namespace

void unit_norm(Stream& stream, const UnitNorm& args) {
  enqueue(stream, [args] {
    const float scale = 1.0f / (std::sqrt(*args.square.as<float>()) + args.eps);
    for_ranges(args.x.elements(), [&](int64_t begin, int64_t end) {
      if (args.y.dtype == DType::bf16)
        unit_norm_range<bf16>(args, scale, begin, end);
      else
        unit_norm_range<float>(args, scale, begin, end);
    });
  });
}

void matrix_polynomial(Stream& stream, const MatrixPolynomial& args) {
  enqueue(stream, [args] {
    for_rows(args.y.shape[0], args.y.shape[1], [&](int64_t begin, int64_t end) {
      if (args.y.dtype == DType::bf16)
        polynomial_rows<bf16>(args, begin, end);
      else
        polynomial_rows<float>(args, begin, end);
    });
  });
}

}  // namespace convoy::cpu
