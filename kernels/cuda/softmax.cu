// Softmax of rows, its gradient, and cross entropy with weights of classes and smoothed labels. A warp takes a short
// row, a block a long one; what is read again lies in a cache.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kLongRow = 1024;

// kTeam threads that share a row: a warp, or the block.
template <int kTeam>
struct Team {
  float* partials;  // in shared memory, one a warp

  __device__ static int lane() { return static_cast<int>(threadIdx.x) % kTeam; }
  __device__ static int64_t row() { return (blockIdx.x * int64_t{kThreads} + threadIdx.x) / kTeam; }
  __device__ float sum(float value) const {
    if constexpr (kTeam == 32)
      return warp_sum(value);
    else
      return block_sum(value, partials);
  }
  __device__ float max(float value) const {
    if constexpr (kTeam == 32)
      return warp_max(value);
    else
      return block_max(value, partials);
  }
  // What others of the team have read is free to be written.
  __device__ static void wait() {
    if constexpr (kTeam == 32)
      __syncwarp();
    else
      __syncthreads();
  }
};

struct Exponentials {
  float largest, sum;  // of exp(x - largest)
};

template <int kTeam, class Real>
__device__ inline Exponentials exponentials(const Team<kTeam>& team, const Real* x, int64_t C) {
  Exponentials e{-INFINITY, 0};
  for (int64_t c = team.lane(); c < C; c += kTeam) e.largest = fmaxf(e.largest, to_float(x[c]));
  e.largest = team.max(e.largest);
  for (int64_t c = team.lane(); c < C; c += kTeam) e.sum += __expf(to_float(x[c]) - e.largest);
  e.sum = team.sum(e.sum);
  return e;
}

template <int kTeam, class Real>
__global__ void __launch_bounds__(kThreads) softmax_forward_kernel(Real* y, const Real* x, int64_t N, int64_t C) {
  __shared__ float partials[kThreads / 32];
  const Team<kTeam> team{partials};
  const int64_t n = team.row();
  if (n >= N) return;
  const Exponentials e = exponentials(team, x + n * C, C);
  const float factor = 1.0f / e.sum;
  for (int64_t c = team.lane(); c < C; c += kTeam)
    y[n * C + c] = from_float<Real>(__expf(to_float(x[n * C + c]) - e.largest) * factor);
}

template <int kTeam, class Real>
__global__ void __launch_bounds__(kThreads)
    softmax_backward_kernel(Real* dx, const Real* dy, const Real* y, int64_t N, int64_t C) {
  __shared__ float partials[kThreads / 32];
  const Team<kTeam> team{partials};
  const int64_t n = team.row();
  if (n >= N) return;
  float sum = 0;
  for (int64_t i = n * C + team.lane(); i < (n + 1) * C; i += kTeam) sum = fmaf(to_float(dy[i]), to_float(y[i]), sum);
  sum = team.sum(sum);
  for (int64_t i = n * C + team.lane(); i < (n + 1) * C; i += kTeam)
    dx[i] = from_float<Real>(to_float(y[i]) * (to_float(dy[i]) - sum));
}

template <class Real>
struct Rows {
  float *losses, *weights;
  Real* gradients;  // null: losses only
  const Real* logits;
  const int32_t* targets;
  const float* class_weights;  // null: all 1
  float smoothing, scale;
  int32_t ignored;
  int64_t N, V;

  __device__ float weight(int64_t k) const { return class_weights == nullptr ? 1.0f : class_weights[k]; }
};

template <int kTeam, class Real>
__device__ inline void ignore_row(const Rows<Real>& r, int64_t n) {
  if (Team<kTeam>::lane() == 0) r.losses[n] = r.weights[n] = 0;
  for (int64_t k = Team<kTeam>::lane(); k < r.V && r.gradients != nullptr; k += kTeam)
    r.gradients[n * r.V + k] = from_float<Real>(0);
}

template <int kTeam, class Real>
__global__ void __launch_bounds__(kThreads) weighted_cross_entropy_kernel(Rows<Real> r) {
  __shared__ float partials[kThreads / 32];
  const Team<kTeam> team{partials};
  const int64_t n = team.row();
  if (n >= r.N) return;
  const int target = r.targets[n];
  if (target < 0 || target == r.ignored) return ignore_row<kTeam>(r, n);
  const Real* x = r.logits + n * r.V;
  const Exponentials e = exponentials(team, x, r.V);
  float total = 0, distances = 0;  // of weights; of logits from the largest, weighted
  for (int64_t k = team.lane(); k < r.V; k += kTeam) {
    total += r.weight(k);
    distances = fmaf(r.weight(k), e.largest - to_float(x[k]), distances);
  }
  total = team.sum(total);
  distances = team.sum(distances);
  const float spread = r.smoothing / static_cast<float>(r.V), weight = r.weight(target);
  const float rest = (1.0f - r.smoothing) * weight, log_sum = logf(e.sum), logit = to_float(x[target]);
  if (team.lane() == 0) {
    r.losses[n] = rest * (log_sum + (e.largest - logit)) + spread * (distances + total * log_sum);
    r.weights[n] = weight;
  }
  if (r.gradients == nullptr) return;
  team.wait();
  const float factor = (rest + spread * total) / e.sum;
  for (int64_t k = team.lane(); k < r.V; k += kTeam) {
    const float p = __expf(to_float(x[k]) - e.largest) * factor;
    r.gradients[n * r.V + k] = from_float<Real>(r.scale * (p - spread * r.weight(k) - (k == target ? rest : 0.0f)));
  }
}

// One of two kernels, by the length of rows.
template <class... Parameters, class... Arguments>
void enqueue_rows(Stream& stream, int64_t N, int64_t C, void (*by_warps)(Parameters...),
                  void (*by_blocks)(Parameters...), Arguments... arguments) {
  const bool is_long = C > kLongRow;
  launch(stream, is_long ? by_blocks : by_warps,
         static_cast<unsigned>(is_long ? N : ceil_div<int64_t>(N, kThreads / 32)), kThreads, 0, arguments...);
}

}  // namespace

void softmax_forward(Stream& stream, const SoftmaxForward& args) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    enqueue_rows(stream, N, C, softmax_forward_kernel<32, Real>, softmax_forward_kernel<kThreads, Real>,
                 data_of<Real>(args.y), data_of<const Real>(args.x), N, C);
  });
}

void softmax_backward(Stream& stream, const SoftmaxBackward& args) {
  const int64_t C = args.y.shape[-1], N = args.y.elements() / C;
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    enqueue_rows(stream, N, C, softmax_backward_kernel<32, Real>, softmax_backward_kernel<kThreads, Real>,
                 data_of<Real>(args.dx), data_of<const Real>(args.dy), data_of<const Real>(args.y), N, C);
  });
}

void weighted_cross_entropy(Stream& stream, const WeightedCrossEntropy& args) {
  for_real(args.logits.dtype, [&](auto real) {
    using Real = decltype(real);
    const Rows<Real> r{data_of<float>(args.losses),
                       data_of<float>(args.weights),
                       data_of<Real>(args.dlogits),
                       data_of<const Real>(args.logits),
                       data_of<const int32_t>(args.targets),
                       data_of<const float>(args.class_weights),
                       args.label_smoothing,
                       args.scale,
                       args.ignored,
                       args.targets.elements(),
                       args.logits.shape[-1]};
    enqueue_rows(stream, r.N, r.V, weighted_cross_entropy_kernel<32, Real>,
                 weighted_cross_entropy_kernel<kThreads, Real>, r);
  });
}

}  // namespace convoy::cuda
