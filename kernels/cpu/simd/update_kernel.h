// A rule's update of a range of the flat parameters, one pass.
#pragma once

#include "kernels/cpu/simd/memory.h"
//
#include "kernels/cpu/simd/random.h"
#include "kernels/cpu/simd/update_kernels.h"

namespace convoy::cpu::CONVOY_ISA {
namespace {

inline F32x16 spread(float x, F32x16) { return broadcast(x); }

// How states of a range are stored: floats as they are,
template <class State>
struct StateStore {
  explicit StateStore(const StateRounding&) {}
  void begin_block(int64_t) {}
  template <int kState, class Lanes>
  void store_state(float* state, int64_t, F32x16 value, Lanes lanes) const {
    store(state, value, lanes);
  }
};

// and bf16 rounded by chance.
template <>
struct StateStore<bf16> {
  explicit StateStore(const StateRounding& rounding)
      : key{rounding.key.as<uint32_t>()[0], rounding.key.as<uint32_t>()[1]},
        stream(broadcast(static_cast<int32_t>(rounding.stream))),
        first(rounding.first) {}

  void begin_block(int64_t block) {
    const int64_t element = first + block;
    random_words(key, stream, static_cast<uint64_t>(element / 4) >> 32, element, words);
  }
  template <int kState, class Lanes>
  void store_state(bf16* state, int64_t offset, F32x16 value, Lanes lanes) const {
    const I32x16 rounding = rules::rounding_of<kState>(words[offset / kLanes]);
    store(state, from_bits(rules::rounded_by(bits_of(value), rounding)), lanes);
  }

  PhiloxKey key;
  I32x16 stream;
  int64_t first;
  I32x16 words[4];
};

template <class Rule, class State, class Lanes>
inline F32x16 update_vector(const typename Rule::template Update<F32x16>& update, F32x16 clip, F32x16 decay,
                            float* weight, const float* gradient, State* const* states,
                            const StateStore<State>& states_to, int64_t block, int64_t offset, Lanes lanes) {
  const int64_t i = block + offset;
  std::array<F32x16, Rule::kStates> state;
  for (int s = 0; s < Rule::kStates; ++s) state[s] = load(states[s] + i, lanes);
  const F32x16 w = update(load(weight + i, lanes), load(gradient + i, lanes) * clip, decay, state);
  if constexpr (Rule::kStates > 0) states_to.template store_state<0>(states[0] + i, offset, state[0], lanes);
  if constexpr (Rule::kStates > 1) states_to.template store_state<1>(states[1] + i, offset, state[1], lanes);
  static_assert(Rule::kStates <= 2);
  store(weight + i, w, lanes);
  return w;
}

template <class Rule, class State>
void update_range_with(const OptimizerUpdate<Rule>& args, int64_t begin, int64_t end) {
  const typename Rule::template Update<F32x16> update(args.rule, args.numbers.template as<float>(), args.weight_decay);
  const F32x16 clip = broadcast(rules::clips<Rule>() ? args.norm_and_factor.template as<float>()[1] : 1.0f);
  const bool has_master = static_cast<bool>(args.master);
  float* weight = (has_master ? args.master : args.weights).template as<float>();
  const float* gradient = args.gradient.template as<float>();
  State* states[Rule::kStates + 1];  // an array has at least one element
  for (int s = 0; s < Rule::kStates; ++s) states[s] = static_cast<State*>(args.states[s].data);
  StateStore<State> states_to(args.rounding);
  for (int64_t block = begin; block < end; block += kParameterBlock) {
    const bool decays = args.decays.template as<uint8_t>()[block / kParameterBlock] != 0;
    const F32x16 decay = broadcast(decays ? update.full_decay : 0.0f);
    states_to.begin_block(block);
    for_vectors(std::min(kParameterBlock, end - block), [&](int64_t offset, auto lanes) {
      const F32x16 w =
          update_vector<Rule>(update, clip, decay, weight, gradient, states, states_to, block, offset, lanes);
      if (has_master && args.weights.dtype == DType::bf16)
        store(args.weights.template as<bf16>() + block + offset, w, lanes);
    });
  }
}

template <class Rule>
void update_range(const OptimizerUpdate<Rule>& args, int64_t begin, int64_t end) {
  if constexpr (Rule::kStates > 0)
    if (args.states[0].dtype == DType::bf16) return update_range_with<Rule, bf16>(args, begin, end);
  update_range_with<Rule, float>(args, begin, end);
}

template <class... Rules>
constexpr UpdateKernels kernels_of(RuleList<Rules...>) {
  return {update_range<Rules>...};
}

}  // namespace

constinit const UpdateKernels update_kernels = kernels_of(OptimizerRules{});

}  // namespace convoy::cpu::CONVOY_ISA
