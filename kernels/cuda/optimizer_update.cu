// A rule's update of a flat range in one pass: a thread and turn updates four elements, 16 bytes of every f32 tensor.
#include "kernels/cuda/optimizer_update.h"

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 4;
static_assert(kParameterBlock % kElements == 0, "one flag for all elements of a turn");

template <class Rule>
struct Range {
  float* weight;           // f32: the weights themselves, or their master
  __nv_bfloat16* rounded;  // null: there is only the f32 weight
  const float* gradient;
  float* states[Rule::kStates + 1];  // an array has at least one element
  const uint8_t* decays;
  const float *norm_and_factor, *numbers;
  float weight_decay;
  Rule rule;
  int64_t n;
};

template <class Rule, int kCount>
__device__ inline void update_elements(const Range<Rule>& r, const typename Rule::template Update<float>& update,
                                       float clip, int64_t i) {
  Elements<float, kCount> weight(r.weight + i), states[Rule::kStates + 1];
  const Elements<float, kCount> gradient(r.gradient + i);
  for (int s = 0; s < Rule::kStates; ++s) states[s] = Elements<float, kCount>(r.states[s] + i);
  const float decay = r.decays[i / kParameterBlock] != 0 ? update.full_decay : 0.0f;
  Elements<__nv_bfloat16, kCount> rounded;
  for (int k = 0; k < kCount; ++k) {
    std::array<float, Rule::kStates> state;
    for (int s = 0; s < Rule::kStates; ++s) state[s] = states[s].get(k);
    weight.set(k, update(weight.get(k), gradient.get(k) * clip, decay, state));
    for (int s = 0; s < Rule::kStates; ++s) states[s].set(k, state[s]);
    rounded.set(k, weight.get(k));
  }
  weight.store(r.weight + i);
  for (int s = 0; s < Rule::kStates; ++s) states[s].store(r.states[s] + i);
  if (r.rounded != nullptr) rounded.store(r.rounded + i);
}

template <class Rule, int kCount>
__global__ void __launch_bounds__(kThreads) optimizer_update_kernel(Range<Rule> r) {
  if (isnan(r.norm_and_factor[1])) return;
  const float clip = rules::clips<Rule>() ? r.norm_and_factor[1] : 1.0f;
  const typename Rule::template Update<float> update(r.rule, r.numbers, r.weight_decay);
  const int64_t first = blockIdx.x * int64_t{kThreads} + threadIdx.x, stride = int64_t{gridDim.x} * kThreads;
  const int64_t turns = r.n / kCount;
  for (int64_t turn = first; turn < turns; turn += stride)
    update_elements<Rule, kCount>(r, update, clip, turn * kCount);
  for (int64_t i = turns * kCount + first; i < r.n; i += stride) update_elements<Rule, 1>(r, update, clip, i);
}

template <class Rule>
void optimizer_update(Stream& stream, const OptimizerUpdate<Rule>& args) {
  const bool f32 = args.weights.dtype == DType::f32;
  Range<Rule> r{};
  r.weight = data_of<float>(f32 ? args.weights : args.master);
  r.rounded = f32 ? nullptr : data_of<__nv_bfloat16>(args.weights);
  r.gradient = data_of<float>(args.gradient);
  bool aligned = aligned_16(r.weight, r.rounded, r.gradient);
  for (int s = 0; s < Rule::kStates; ++s) {
    r.states[s] = data_of<float>(args.states[s]);
    aligned = aligned && aligned_16(r.states[s]);
  }
  r.decays = data_of<uint8_t>(args.decays);
  r.norm_and_factor = data_of<float>(args.norm_and_factor);
  r.numbers = data_of<float>(args.numbers);
  r.weight_decay = args.weight_decay;
  r.rule = args.rule;
  r.n = args.gradient.elements();
  launch(stream, aligned ? optimizer_update_kernel<Rule, kElements> : optimizer_update_kernel<Rule, 1>,
         blocks_for(ceil_div<int64_t>(r.n, kThreads * int64_t{aligned ? kElements : 1})), kThreads, 0, r);
}

template <class... Rules>
std::tuple<RunUpdate<Rules>...> updates_of(RuleList<Rules...>) {
  return {optimizer_update<Rules>...};
}

}  // namespace

UpdatesOf<OptimizerRules>::Table optimizer_updates() { return updates_of(OptimizerRules{}); }

}  // namespace convoy::cuda
