// AdamW over a flat range in one pass: a thread and turn updates four elements, 16 bytes of every f32 tensor.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kElements = 4;
static_assert(kParameterBlock % kElements == 0, "one flag for all elements of a turn");

struct Range {
  float* weight;           // f32: the weights themselves, or their master
  __nv_bfloat16* rounded;  // null: there is only the f32 weight
  const float* gradient;
  float *m, *v;
  const uint8_t* decays;
  const float *norm_and_factor, *schedule;
  float beta1, beta2, eps, weight_decay;
  int64_t n;
};

struct Factors {  // of one call, the same for all elements
  float clip, lr, lr_decay, inverse_correction1, inverse_correction2;

  __device__ explicit Factors(const Range& r)
      : clip(r.norm_and_factor[1]),
        lr(r.schedule[0]),
        lr_decay(r.schedule[0] * r.weight_decay),
        inverse_correction1(1.0f / r.schedule[1]),
        inverse_correction2(1.0f / r.schedule[2]) {}
};

template <int kCount>
__device__ inline void update(const Range& r, const Factors& f, int64_t i) {
  Elements<float, kCount> weight(r.weight + i), m(r.m + i), v(r.v + i);
  const Elements<float, kCount> gradient(r.gradient + i);
  const float decay = r.decays[i / kParameterBlock] != 0 ? f.lr_decay : 0.0f;
  Elements<__nv_bfloat16, kCount> rounded;
  for (int k = 0; k < kCount; ++k) {
    const float g = gradient.get(k) * f.clip, w = weight.get(k);
    m.set(k, fmaf(1.0f - r.beta1, g, r.beta1 * m.get(k)));
    v.set(k, fmaf((1.0f - r.beta2) * g, g, r.beta2 * v.get(k)));
    const float step = m.get(k) * f.inverse_correction1 / (sqrtf(v.get(k) * f.inverse_correction2) + r.eps);
    weight.set(k, w - decay * w - f.lr * step);
    rounded.set(k, weight.get(k));
  }
  weight.store(r.weight + i);
  m.store(r.m + i);
  v.store(r.v + i);
  if (r.rounded != nullptr) rounded.store(r.rounded + i);
}

template <int kCount>
__global__ void __launch_bounds__(kThreads) adamw_kernel(Range r) {
  const Factors factors(r);
  if (isnan(factors.clip)) return;
  const int64_t first = blockIdx.x * int64_t{kThreads} + threadIdx.x, stride = int64_t{gridDim.x} * kThreads;
  const int64_t turns = r.n / kCount;
  for (int64_t turn = first; turn < turns; turn += stride) update<kCount>(r, factors, turn * kCount);
  for (int64_t i = turns * kCount + first; i < r.n; i += stride) update<1>(r, factors, i);
}

}  // namespace

void adamw(Stream& stream, const AdamW& args) {
  const bool f32 = args.weights.dtype == DType::f32;
  const Range r{data_of<float>(f32 ? args.weights : args.master),
                f32 ? nullptr : data_of<__nv_bfloat16>(args.weights),
                data_of<float>(args.gradient),
                data_of<float>(args.m),
                data_of<float>(args.v),
                data_of<uint8_t>(args.decays),
                data_of<float>(args.norm_and_factor),
                data_of<float>(args.schedule),
                args.beta1,
                args.beta2,
                args.eps,
                args.weight_decay,
                args.gradient.elements()};
  const bool aligned = aligned_16(r.weight, r.rounded, r.gradient, r.m, r.v);
  launch(stream, aligned ? adamw_kernel<kElements> : adamw_kernel<1>,
         blocks_for(ceil_div<int64_t>(r.n, kThreads * int64_t{aligned ? kElements : 1})), kThreads, 0, r);
}

}  // namespace convoy::cuda
