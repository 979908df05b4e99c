// A rule's update of a flat range in one pass: a thread and turn updates four elements, 16 bytes of every f32 tensor.
#include "kernels/cuda/optimizer_update.h"

#include <type_traits>

#include "core/base/philox.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/resident_blocks.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 4;
static_assert(kParameterBlock % kElements == 0, "one flag for all elements of a turn");

template <class Rule, class State>
struct Range {
  float* weight;           // f32: the weights themselves, or their master
  __nv_bfloat16* rounded;  // null: there is only the f32 weight
  const float* gradient;
  State* states[Rule::kStates + 1];  // an array has at least one element
  const uint8_t* decays;
  const float *norm_and_factor, *numbers;
  float weight_decay;
  Rule rule;
  int64_t n;
  const uint32_t* rounding_key;  // where State is bf16
  uint32_t rounding_stream;
  int64_t first;
};

// The random words of kCount elements.
template <int kCount, class AnyRange>
__device__ inline void random_words(const AnyRange& r, int64_t i, uint32_t (&words)[kCount]) {
  const int64_t element = r.first + i;
  const auto group = static_cast<uint64_t>(element) / 4;
  const PhiloxCounter all =
      philox({r.rounding_key[0], r.rounding_key[1]},
             {static_cast<uint32_t>(group), r.rounding_stream, static_cast<uint32_t>(group >> 32), 0});
  if constexpr (kCount == 1) {
    const uint32_t low = element & 1 ? all[1] : all[0], high = element & 1 ? all[3] : all[2];
    words[0] = element & 2 ? high : low;
  } else {
    static_assert(kCount == 4);
    for (int k = 0; k < 4; ++k) words[k] = all[k];
  }
}

// State s of an element as it is stored.
template <class State>
__device__ inline float as_stored(float state, int s, uint32_t word) {
  if constexpr (std::is_same_v<State, float>) {
    return state;
  } else {
    const uint32_t rounding = s == 0 ? rules::rounding_of<0>(word) : rules::rounding_of<1>(word);
    return __uint_as_float(rules::rounded_by(__float_as_uint(state), rounding));
  }
}

template <class Rule, class State, int kCount>
__device__ inline void update_elements(const Range<Rule, State>& r, const typename Rule::template Update<float>& update,
                                       float clip, int64_t i) {
  Elements<float, kCount> weight(r.weight + i);
  Elements<State, kCount> states[Rule::kStates + 1];
  const Elements<float, kCount> gradient(r.gradient + i);
  for (int s = 0; s < Rule::kStates; ++s) states[s] = Elements<State, kCount>(r.states[s] + i);
  const float decay = r.decays[i / kParameterBlock] != 0 ? update.full_decay : 0.0f;
  uint32_t words[kCount] = {};
  if constexpr (!std::is_same_v<State, float>) random_words<kCount>(r, i, words);
  Elements<__nv_bfloat16, kCount> rounded;
  for (int k = 0; k < kCount; ++k) {
    std::array<float, Rule::kStates> state;
    for (int s = 0; s < Rule::kStates; ++s) state[s] = states[s].get(k);
    weight.set(k, update(weight.get(k), gradient.get(k) * clip, decay, state));
    for (int s = 0; s < Rule::kStates; ++s) states[s].set(k, as_stored<State>(state[s], s, words[k]));
    rounded.set(k, weight.get(k));
  }
  weight.store(r.weight + i);
  for (int s = 0; s < Rule::kStates; ++s) states[s].store(r.states[s] + i);
  if (r.rounded != nullptr) rounded.store(r.rounded + i);
}

template <class Rule, class State, int kCount>
__global__ void __launch_bounds__(kThreads) optimizer_update_kernel(Range<Rule, State> r) {
  if (isnan(r.norm_and_factor[1])) return;
  const float clip = rules::clips<Rule>() ? r.norm_and_factor[1] : 1.0f;
  const typename Rule::template Update<float> update(r.rule, r.numbers, r.weight_decay);
  const int64_t first = blockIdx.x * int64_t{kThreads} + threadIdx.x, stride = int64_t{gridDim.x} * kThreads;
  const int64_t turns = r.n / kCount;
  for (int64_t turn = first; turn < turns; turn += stride)
    update_elements<Rule, State, kCount>(r, update, clip, turn * kCount);
  for (int64_t i = turns * kCount + first; i < r.n; i += stride) update_elements<Rule, State, 1>(r, update, clip, i);
}

template <class State, class Rule>
void enqueue_update(Stream& stream, const OptimizerUpdate<Rule>& args) {
  const bool f32 = args.weights.dtype == DType::f32;
  Range<Rule, State> r{};
  r.weight = data_of<float>(f32 ? args.weights : args.master);
  r.rounded = f32 ? nullptr : data_of<__nv_bfloat16>(args.weights);
  r.gradient = data_of<float>(args.gradient);
  bool aligned = aligned_16(r.weight, r.rounded, r.gradient);
  for (int s = 0; s < Rule::kStates; ++s) {
    r.states[s] = data_of<State>(args.states[s]);
    aligned = aligned && aligned_16(r.states[s]);
  }
  r.decays = data_of<uint8_t>(args.decays);
  r.norm_and_factor = data_of<float>(args.norm_and_factor);
  r.numbers = data_of<float>(args.numbers);
  r.weight_decay = args.weight_decay;
  r.rule = args.rule;
  r.n = args.gradient.elements();
  r.rounding_key = data_of<uint32_t>(args.rounding.key);
  r.rounding_stream = args.rounding.stream;
  r.first = args.rounding.first;
  const auto launch_with = [&]<int kCount>(std::integral_constant<int, kCount>) {
    constexpr auto kKernel = optimizer_update_kernel<Rule, State, kCount>;
    const int64_t turns = ceil_div<int64_t>(r.n, int64_t{kThreads} * kCount);
    launch(stream, kKernel, resident_blocks<kKernel>(stream, kThreads, turns), kThreads, 0, r);
  };
  aligned ? launch_with(std::integral_constant<int, kElements>()) : launch_with(std::integral_constant<int, 1>());
}

template <class Rule>
void optimizer_update(Stream& stream, const OptimizerUpdate<Rule>& args) {
  if constexpr (Rule::kStates > 0)
    if (args.states[0].dtype == DType::bf16) return enqueue_update<__nv_bfloat16>(stream, args);
  enqueue_update<float>(stream, args);
}

template <class... Rules>
std::tuple<RunUpdate<Rules>...> updates_of(RuleList<Rules...>) {
  return {optimizer_update<Rules>...};
}

}  // namespace

UpdatesOf<OptimizerRules>::Table optimizer_updates() { return updates_of(OptimizerRules{}); }

}  // namespace convoy::cuda
