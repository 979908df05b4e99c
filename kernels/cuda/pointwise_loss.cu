// Losses of numbers: as many lanes of a warp as a row is wide, up to all, share it.
#include <type_traits>

#include "kernels/cuda/activation.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

template <class X, class Target>
struct Rows {
  float *losses, *weights;  // weights: null where not wanted
  const X* x;
  const Target* target;
  X* dx;            // null: not wanted
  Target* dtarget;  // null: not wanted
  int64_t N, F;
  float scale, number;
  LossRule rule;
};

// Writes the gradients of element i, times the factor; returns its loss.
template <class X, class Target>
__device__ inline float loss_at(const Rows<X, Target>& r, int64_t i, float factor) {
  const float x = to_float(r.x[i]);
  float target = 0;
  bool ignored = false;
  if constexpr (std::is_same_v<Target, int32_t>) {
    ignored = r.target[i] < 0;
    target = static_cast<float>(r.target[i]);
  } else {
    target = to_float(r.target[i]);
  }
  const PointLoss<float> point = with_loss_rule(
      r.rule, [=](auto rule) { return LossRules<FloatMath>::of<decltype(rule)::value>(x, target, r.number); });
  if (r.dx != nullptr) r.dx[i] = from_float<X>(ignored ? 0.0f : factor * point.dx);
  if constexpr (!std::is_same_v<Target, int32_t>)
    if (r.dtarget != nullptr) r.dtarget[i] = from_float<Target>(factor * point.dtarget);
  return ignored ? 0.0f : point.loss;
}

template <class X, class Target>
__device__ inline float weight_of(const Rows<X, Target>& r, int64_t n) {
  if constexpr (std::is_same_v<Target, int32_t>) return r.target[n] < 0 ? 0.0f : 1.0f;
  return 1;
}

// lanes: a power of two up to 32. All lanes of a warp take part in the sums, also those beyond the last row.
template <class X, class Target>
__global__ void __launch_bounds__(kThreads) pointwise_loss_kernel(Rows<X, Target> r, int lanes) {
  const int64_t rows_at_once = int64_t{gridDim.x} * (kThreads / lanes);
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const float mean = 1.0f / static_cast<float>(r.F), factor = r.scale * mean;
  const int64_t first = (blockIdx.x * int64_t{kThreads} + threadIdx.x) / lanes;
  for (int64_t turn = 0; turn < ceil_div(r.N, rows_at_once); ++turn) {
    const int64_t n = first + turn * rows_at_once;
    float sum = 0;
    for (int64_t j = lane; n < r.N && j < r.F; j += lanes) sum += loss_at(r, n * r.F + j, factor);
    for (int distance = lanes / 2; distance > 0; distance /= 2) sum += __shfl_xor_sync(kAllLanes, sum, distance);
    if (lane > 0 || n >= r.N) continue;
    r.losses[n] = sum * mean;
    if (r.weights != nullptr) r.weights[n] = weight_of(r, n);
  }
}

int lanes_of(int64_t F) {
  int lanes = 1;
  while (lanes < 32 && lanes < F) lanes *= 2;
  return lanes;
}

template <class X, class Target>
void enqueue(Stream& stream, const PointwiseLoss& args) {
  const int64_t F = args.x.shape[-1], N = args.x.elements() / F;
  const int lanes = lanes_of(F);
  const Rows<X, Target> rows{data_of<float>(args.losses),
                             data_of<float>(args.weights),
                             data_of<const X>(args.x),
                             data_of<const Target>(args.target),
                             data_of<X>(args.dx),
                             data_of<Target>(args.dtarget),
                             N,
                             F,
                             args.scale,
                             args.number,
                             args.rule};
  launch(stream, pointwise_loss_kernel<X, Target>, blocks_for(ceil_div<int64_t>(N * lanes, kThreads)), kThreads, 0,
         rows, lanes);
}

}  // namespace

void pointwise_loss(Stream& stream, const PointwiseLoss& args) {
  for_real(args.x.dtype, [&](auto x) {
    using X = decltype(x);
    if (args.target.dtype == DType::i32) return enqueue<X, int32_t>(stream, args);
    for_real(args.target.dtype, [&](auto target) { enqueue<X, decltype(target)>(stream, args); });
  });
}

}  // namespace convoy::cuda
