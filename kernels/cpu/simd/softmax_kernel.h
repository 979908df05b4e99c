// Softmax of whole rows and its gradient.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

void softmax_forward(const SoftmaxForward& args, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1];
  with_real(args.x.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real* x = args.x.as<Real>() + row * C;
      softmax_gradient(args.y.as<Real>() + row * C, x, C, softmax_sum(x, C), 1.0f);
    }
  });
}

template <class Real>
inline void softmax_backward_row(Real* dx, const Real* dy, const Real* y, int64_t C) {
  F32x16 sums = broadcast(0.0f);
  for_vectors(C, [&](int64_t i, auto lanes) { sums = fma(load(dy + i, lanes), load(y + i, lanes), sums); });
  const F32x16 sum = broadcast(sum_lanes(sums));
  for_vectors(C,
              [=](int64_t i, auto lanes) { store(dx + i, load(y + i, lanes) * (load(dy + i, lanes) - sum), lanes); });
}

void softmax_backward(const SoftmaxBackward& args, int64_t begin, int64_t end) {
  const int64_t C = args.y.shape[-1];
  with_real(args.y.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row)
      softmax_backward_row(args.dx.as<Real>() + row * C, args.dy.as<Real>() + row * C, args.y.as<Real>() + row * C, C);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
