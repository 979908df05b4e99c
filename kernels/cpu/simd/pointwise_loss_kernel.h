// Losses of numbers by rows. Where a row is one number, sixteen rows are computed at a time.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

using Losses = LossRules<VectorMath>;

template <class Lanes>
inline F32x16 load_target(const float* p, Lanes lanes) {
  return load(p, lanes);
}
template <class Lanes>
inline F32x16 load_target(const bf16* p, Lanes lanes) {
  return load(p, lanes);
}
// A class as a number.
inline F32x16 load_target(const int32_t* p, Full) { return to_float(load(p)); }
inline F32x16 load_target(const int32_t* p, Part part) {
  alignas(64) int32_t words[kLanes] = {};
  std::memcpy(words, p, static_cast<size_t>(part.count) * sizeof(int32_t));
  return to_float(load(words));
}

template <LossRule kRule, class X, class Target>
struct LossRows {
  const X* x;
  const Target* target;
  X* dx;
  Target* dtarget;
  F32x16 factor, number;

  explicit LossRows(const PointwiseLoss& args)
      : x(args.x.as<X>()),
        target(args.target.as<Target>()),
        dx(args.dx.as<X>()),
        dtarget(args.dtarget.as<Target>()),
        factor(broadcast(args.scale / static_cast<float>(args.x.shape[-1]))),
        number(broadcast(args.number)) {}

  // Writes the gradients of the elements from i on; returns their losses. counts: 0 where a target is ignored.
  template <class Lanes>
  F32x16 at(int64_t i, Lanes lanes, F32x16& counts) const {
    const F32x16 t = load_target(target + i, lanes), zero = broadcast(0.0f);
    const PointLoss<F32x16> point = Losses::of<kRule>(load(x + i, lanes), t, number);
    const Mask16 ignored = t < zero;
    const auto kept = [&](F32x16 value) {
      if constexpr (std::is_same_v<Target, int32_t>) return select(ignored, zero, value);
      return value;
    };
    counts = kept(broadcast(1.0f));
    if (dx != nullptr) store(dx + i, kept(factor * point.dx), lanes);
    if constexpr (!std::is_same_v<Target, int32_t>)
      if (dtarget != nullptr) store(dtarget + i, factor * point.dtarget, lanes);
    return kept(point.loss);
  }
};

template <LossRule kRule, class X, class Target>
inline void pointwise_loss_rows(const PointwiseLoss& args, int64_t begin, int64_t end) {
  const LossRows<kRule, X, Target> rows(args);
  const int64_t F = args.x.shape[-1];
  float *losses = args.losses.as<float>(), *weights = args.weights.as<float>();
  F32x16 counts;
  if (F == 1) {
    for_vectors(end - begin, [&](int64_t i, auto lanes) {
      store(losses + begin + i, rows.at(begin + i, lanes, counts), lanes);
      if (weights != nullptr) store(weights + begin + i, counts, lanes);
    });
    return;
  }
  const float mean = 1.0f / static_cast<float>(F);
  for (int64_t n = begin; n < end; ++n) {
    F32x16 sum = broadcast(0.0f);
    for_vectors(F,
                [&](int64_t i, auto lanes) { sum = sum + existing(rows.at(n * F + i, lanes, counts), lanes, 0.0f); });
    losses[n] = sum_lanes(sum) * mean;
    if (weights != nullptr) weights[n] = 1;
  }
}

void pointwise_loss(const PointwiseLoss& args, int64_t begin, int64_t end) {
  with_loss_rule(args.rule, [&](auto rule) {
    constexpr LossRule kRule = decltype(rule)::value;
    with_real(args.x.dtype, [&](auto* real) {
      using X = std::remove_pointer_t<decltype(real)>;
      if constexpr (kRule == LossRule::binary_cross_entropy)
        if (args.target.dtype == DType::i32) return pointwise_loss_rows<kRule, X, int32_t>(args, begin, end);
      with_real(args.target.dtype, [&](auto* wanted) {
        pointwise_loss_rows<kRule, X, std::remove_pointer_t<decltype(wanted)>>(args, begin, end);
      });
    });
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
