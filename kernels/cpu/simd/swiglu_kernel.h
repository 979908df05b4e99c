// The gated unit of SwiGLU of whole rows.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

void swiglu_forward(const SwiGluForward& args, int64_t begin, int64_t end) {
  const int64_t F = args.y.shape[1];
  with_real(args.y.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real *gate = args.x.as<Real>() + row * 2 * F, *value = gate + F;
      Real* y = args.y.as<Real>() + row * F;
      for_vectors(F, [=](int64_t i, auto lanes) {
        const F32x16 g = load(gate + i, lanes);
        store(y + i, g * sigmoid(g) * load(value + i, lanes), lanes);
      });
    }
  });
}

void swiglu_backward(const SwiGluBackward& args, int64_t begin, int64_t end) {
  const int64_t F = args.dy.shape[1];
  with_real(args.dy.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real *gate = args.x.as<Real>() + row * 2 * F, *value = gate + F, *dy = args.dy.as<Real>() + row * F;
      Real *dgate = args.dx.as<Real>() + row * 2 * F, *dvalue = dgate + F;
      Real* y = args.y ? args.y.as<Real>() + row * F : nullptr;
      for_vectors(F, [=](int64_t i, auto lanes) {
        const F32x16 g = load(gate + i, lanes), v = load(value + i, lanes), d = load(dy + i, lanes);
        const F32x16 s = sigmoid(g), silu = g * s;
        store(dvalue + i, d * silu, lanes);
        store(dgate + i, d * v * fma(silu, broadcast(1.0f) - s, s), lanes);
        if (y != nullptr) store(y + i, silu * v, lanes);
      });
    }
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
