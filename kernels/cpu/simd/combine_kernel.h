// Sums and products of tensors, and of a tensor with a gate.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

template <class Real, Combination kKind>
inline void combine_range(const Combine& args, int64_t begin, int64_t end) {
  const Real* inputs[Combine::kMostInputs];
  for (int k = 0; k < args.count; ++k) inputs[k] = args.inputs[k].as<Real>() + begin;
  Real* y = args.y.as<Real>() + begin;
  for_vectors(end - begin, [&](int64_t i, auto lanes) {
    F32x16 total = load(inputs[0] + i, lanes);
    for (int k = 1; k < args.count; ++k) {
      const F32x16 next = load(inputs[k] + i, lanes);
      if constexpr (kKind == Combination::sum)
        total = total + next;
      else
        total = total * next;
    }
    store(y + i, total, lanes);
  });
}

void combine(const Combine& args, int64_t begin, int64_t end) {
  with_real(args.y.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    if (args.kind == Combination::sum)
      combine_range<Real, Combination::sum>(args, begin, end);
    else
      combine_range<Real, Combination::product>(args, begin, end);
  });
}

void gate(const Gate& args, int64_t begin, int64_t end) {
  const int64_t P = args.x.shape[1], C = args.x.shape[2];
  with_real(args.x.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real *x = args.x.as<Real>() + row * C, *factor = args.gate.as<Real>() + row / P * C;
      Real* y = args.y.as<Real>() + row * C;
      for_vectors(C, [=](int64_t i, auto lanes) { store(y + i, load(x + i, lanes) * load(factor + i, lanes), lanes); });
    }
  });
}

void gate_gradient(const GateGradient& args, int64_t sample) {
  const int64_t P = args.x.shape[1], C = args.x.shape[2];
  with_real(args.x.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    const Real *x = args.x.as<Real>() + sample * P * C, *dy = args.dy.as<Real>() + sample * P * C;
    Real* dgate = args.dgate.as<Real>() + sample * C;
    for_vectors(C, [=](int64_t i, auto lanes) {
      F32x16 total = broadcast(0.0f);
      for (int64_t p = 0; p < P; ++p) total = fma(load(dy + p * C + i, lanes), load(x + p * C + i, lanes), total);
      store(dgate + i, total, lanes);
    });
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
