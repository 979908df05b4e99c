// Global norm and clip factor: one block, since there are but a few thousand partial sums.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 1024;

__global__ void __launch_bounds__(kThreads)
    clip_factor_kernel(float* norm_and_factor, const float* partials, int64_t count, float max_norm,
                       const float* weight, float nominal_weight) {
  __shared__ double warps[kThreads / 32];
  double squares = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) squares += static_cast<double>(partials[i]);
  squares = block_sum(squares, warps);
  if (threadIdx.x != 0) return;
  const float r = weight == nullptr ? 1.0f : nominal_weight / *weight;
  const auto norm = r * static_cast<float>(sqrt(squares));
  float factor = r;
  if (!isfinite(norm))
    factor = NAN;
  else if (max_norm > 0 && norm > max_norm)
    factor = r * (max_norm / norm);
  norm_and_factor[0] = norm;
  norm_and_factor[1] = factor;
}

}  // namespace

void clip_factor(Stream& stream, const ClipFactor& args) {
  launch(stream, clip_factor_kernel, 1, kThreads, 0, data_of<float>(args.norm_and_factor),
         data_of<float>(args.partials), args.partials.elements(), args.max_norm, data_of<float>(args.weight),
         args.nominal_weight);
}

}  // namespace convoy::cuda
