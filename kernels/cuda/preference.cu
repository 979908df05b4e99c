// The loss of preferences: a warp per pair adds up both answers. Scaling of rows: element by element.
#include "core/ops/preference.h"

#include "kernels/cuda/elementwise.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kWarps = 4;

struct Pairs {
  float *losses, *slopes, *rewards, *log_probabilities;
  const float *token_losses, *reference;
  float beta, label_smoothing, scale;
  int64_t pairs, T;
};

// log sigmoid(x), also far out.
__device__ inline double log_sigmoid(double x) { return fmin(x, 0.0) - log1p(exp(-fabs(x))); }

// Of one answer, which lane 0 tells.
__device__ inline double reward_of(const Pairs& p, int64_t row) {
  double sum = 0;
  for (int64_t t = threadIdx.x % 32; t < p.T; t += 32) sum += static_cast<double>(p.token_losses[row * p.T + t]);
  const auto log_p = static_cast<float>(-warp_sum(sum));
  const double gained = static_cast<double>(log_p) - static_cast<double>(p.reference[row]);
  const double reward = static_cast<double>(p.beta) * gained;
  if (threadIdx.x % 32 == 0) {
    p.log_probabilities[row] = log_p;
    p.rewards[row] = static_cast<float>(reward);
  }
  return reward;
}

__global__ void __launch_bounds__(kWarps * 32) preference_loss_kernel(Pairs p) {
  const int64_t pair = blockIdx.x * int64_t{kWarps} + threadIdx.x / 32;
  if (pair >= p.pairs) return;
  const double margin = reward_of(p, 2 * pair) - reward_of(p, 2 * pair + 1);
  if (threadIdx.x % 32 != 0) return;
  const double smoothing = static_cast<double>(p.label_smoothing), beta = static_cast<double>(p.beta);
  p.losses[pair] = static_cast<float>(-(1 - smoothing) * log_sigmoid(margin) - smoothing * log_sigmoid(-margin));
  const double by_margin = smoothing - exp(log_sigmoid(-margin));
  const auto slope = static_cast<float>(-by_margin * beta * static_cast<double>(p.scale));
  p.slopes[2 * pair] = slope;
  p.slopes[2 * pair + 1] = -slope;
}

template <class Real>
struct RowScale {
  Real* x;
  const float* factors;
  int64_t first, elements_each;  // where x begins, and how many a factor is of: one division, or registers are spilled

  template <int kWidth>
  __device__ void apply(int64_t i) const {
    const float factor = factors[(first + i) / elements_each];
    Elements<Real, kWidth> values(x + i);
#pragma unroll
    for (int k = 0; k < kWidth; ++k) values.set(k, values.get(k) * factor);
    values.store(x + i);
  }
};

}  // namespace

void preference_loss(Stream& stream, const PreferenceLoss& args) {
  const int64_t pairs = args.losses.elements();
  const Pairs p{data_of<float>(args.losses),
                data_of<float>(args.slopes),
                data_of<float>(args.rewards),
                data_of<float>(args.log_probabilities),
                data_of<float>(args.token_losses),
                data_of<float>(args.reference),
                args.beta,
                args.label_smoothing,
                args.scale,
                pairs,
                pairs == 0 ? 0 : args.token_losses.elements() / (2 * pairs)};
  launch(stream, preference_loss_kernel, static_cast<unsigned>(ceil_div<int64_t>(pairs, kWarps)), kWarps * 32, 0, p);
}

void scale_rows(Stream& stream, const ScaleRows& args) {
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    const int64_t C = args.x.shape[-1];
    const RowScale<Real> operation{data_of<Real>(args.x), data_of<float>(args.factors), args.first_row * C,
                                   args.rows_each * C};
    const bool wide = C % kElementwiseWidth == 0 && aligned_16(operation.x);
    enqueue_elementwise(stream, args.x.elements(), wide, operation);
  });
}

}  // namespace convoy::cuda
