// A rule's update of a range of the flat parameters, one pass.
#pragma once

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/update_kernels.h"

namespace convoy::cpu::CONVOY_ISA {
namespace {

inline F32x16 spread(float x, F32x16) { return broadcast(x); }

template <class Rule, class Lanes>
inline F32x16 update_vector(const typename Rule::template Update<F32x16>& update, F32x16 clip, F32x16 decay,
                            float* weight, const float* gradient, float* const* states, int64_t i, Lanes lanes) {
  std::array<F32x16, Rule::kStates> state;
  for (int s = 0; s < Rule::kStates; ++s) state[s] = load(states[s] + i, lanes);
  const F32x16 w = update(load(weight + i, lanes), load(gradient + i, lanes) * clip, decay, state);
  for (int s = 0; s < Rule::kStates; ++s) store(states[s] + i, state[s], lanes);
  store(weight + i, w, lanes);
  return w;
}

template <class Rule>
void update_range(const OptimizerUpdate<Rule>& args, int64_t begin, int64_t end) {
  const typename Rule::template Update<F32x16> update(args.rule, args.numbers.template as<float>(), args.weight_decay);
  const F32x16 clip = broadcast(rules::clips<Rule>() ? args.norm_and_factor.template as<float>()[1] : 1.0f);
  const bool has_master = static_cast<bool>(args.master);
  float* weight = (has_master ? args.master : args.weights).template as<float>();
  const float* gradient = args.gradient.template as<float>();
  float* states[Rule::kStates + 1];  // an array has at least one element
  for (int s = 0; s < Rule::kStates; ++s) states[s] = static_cast<float*>(args.states[s].data);
  for (int64_t block = begin; block < end; block += kParameterBlock) {
    const bool decays = args.decays.template as<uint8_t>()[block / kParameterBlock] != 0;
    const F32x16 decay = broadcast(decays ? update.full_decay : 0.0f);
    for_vectors(std::min(kParameterBlock, end - block), [&](int64_t offset, auto lanes) {
      const int64_t i = block + offset;
      const F32x16 w = update_vector<Rule>(update, clip, decay, weight, gradient, states, i, lanes);
      if (has_master && args.weights.dtype == DType::bf16) store(args.weights.template as<bf16>() + i, w, lanes);
    });
  }
}

template <class... Rules>
constexpr UpdateKernels kernels_of(RuleList<Rules...>) {
  return {update_range<Rules>...};
}

}  // namespace

constinit const UpdateKernels update_kernels = kernels_of(OptimizerRules{});

}  // namespace convoy::cpu::CONVOY_ISA
