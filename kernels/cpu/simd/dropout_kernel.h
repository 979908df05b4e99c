// Dropout of whole rows.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

void dropout_apply(const DropoutApply& args, int64_t begin, int64_t end) {
  const int64_t C = args.x.shape[-1];
  const DropoutKeys keys(args.dropout);
  with_real(args.x.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    for (int64_t row = begin; row < end; ++row) {
      const Real* x = args.x.as<Real>() + row * C;
      Real* y = args.y.as<Real>() + row * C;
      for_dropout_vectors(keys, row, C, [=](int64_t i, auto lanes, F32x16 factor) {
        store(y + i, load(x + i, lanes) * factor, lanes);
      });
    }
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
