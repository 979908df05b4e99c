// AdamW of a range of the flat parameters, one pass.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct AdamWFactors {
  F32x16 clip, beta1, one_minus_beta1, beta2, one_minus_beta2, inverse_correction1, inverse_correction2, eps, lr;
  float lr_decay;

  explicit AdamWFactors(const AdamW& args) {
    const float* schedule = args.schedule.as<float>();
    clip = broadcast(args.norm_and_factor.as<float>()[1]);
    beta1 = broadcast(args.beta1);
    one_minus_beta1 = broadcast(1.0f - args.beta1);
    beta2 = broadcast(args.beta2);
    one_minus_beta2 = broadcast(1.0f - args.beta2);
    inverse_correction1 = broadcast(1.0f / schedule[1]);
    inverse_correction2 = broadcast(1.0f / schedule[2]);
    eps = broadcast(args.eps);
    lr = broadcast(schedule[0]);
    lr_decay = schedule[0] * args.weight_decay;
  }
};

template <class Lanes>
inline F32x16 adamw_vector(const AdamWFactors& f, F32x16 decay, float* weight, const float* gradient, float* m,
                           float* v, Lanes lanes) {
  const F32x16 g = load(gradient, lanes) * f.clip, w = load(weight, lanes);
  const F32x16 new_m = fma(f.one_minus_beta1, g, f.beta1 * load(m, lanes));
  const F32x16 new_v = fma(f.one_minus_beta2 * g, g, f.beta2 * load(v, lanes));
  const F32x16 step = (new_m * f.inverse_correction1) / (sqrt(new_v * f.inverse_correction2) + f.eps);
  const F32x16 new_w = w - decay * w - f.lr * step;
  store(m, new_m, lanes);
  store(v, new_v, lanes);
  store(weight, new_w, lanes);
  return new_w;
}

void adamw(const AdamW& args, int64_t begin, int64_t end) {
  const AdamWFactors factors(args);
  const bool has_master = static_cast<bool>(args.master);
  float* weight = (has_master ? args.master : args.weights).as<float>();
  float *m = args.m.as<float>(), *v = args.v.as<float>();
  const float* gradient = args.gradient.as<float>();
  for (int64_t block = begin; block < end; block += kParameterBlock) {
    const bool decays = args.decays.as<uint8_t>()[block / kParameterBlock] != 0;
    const F32x16 decay = broadcast(decays ? factors.lr_decay : 0.0f);
    for_vectors(std::min(kParameterBlock, end - block), [&](int64_t offset, auto lanes) {
      const int64_t i = block + offset;
      const F32x16 w = adamw_vector(factors, decay, weight + i, gradient + i, m + i, v + i, lanes);
      if (has_master && args.weights.dtype == DType::bf16) store(args.weights.as<bf16>() + i, w, lanes);
    });
  }
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
