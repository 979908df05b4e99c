// Gradient of rotary positions and of the norm of heads: rotary.h.
//
// Each lane sums the weights' gradients of its elements over the heads and tokens that it takes; the warps of a block
// add these up in shared memory, block by block they lie in scratch, and the block that finishes last adds them.
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rotary.h"

namespace convoy::cuda {
namespace {

constexpr int64_t kSummedRotaryBlocks = 264;
static_assert(kSummedRotaryBlocks <= kMostSummedBlocks);

template <class Real>
struct RotaryBackwardCall {
  RotaryExtents extents;
  Real* dx;
  const Real *kept, *query_weight, *key_weight;
  float *dquery_weight, *dkey_weight;  // null: not wanted
  float* partials;                     // (blocks, 2, held)
  unsigned* counters;
  int held;  // D, rounded up to two
};

// dx of a normed head from g, the gradient of what the norm gave; g * normalised x is added to `sums`.
template <class Real, int kSteps>
__device__ inline void norm_backward_of_head(HeadPart<kSteps>& g, const Real* kept, const Real* weight,
                                             const RotaryExtents& x, HeadPart<kSteps>& sums) {
  using Part = HeadPart<kSteps>;
  float squares = 0;
  Part value;
  value.clear();
  value.template for_each<false>(x, [&](float& v, int i) {
    v = to_float(kept[i]);
    squares = fmaf(v, v, squares);
  });
  const float scale = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(x.D) + x.eps);
  float along = 0;
  const auto each = [&](float& d, float v, float& sum, int i) {
    const float normalised = v * scale, weighted = d * to_float(weight[i]);
    sum = fmaf(d, normalised, sum);
    along = fmaf(weighted, normalised, along);
    d = weighted;
  };
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    const int i = Part::lane() + 32 * step, half = x.R / 2;
    if (i >= half) continue;
    each(g.a[step], value.a[step], sums.a[step], x.interleaved ? 2 * i : i);
    each(g.b[step], value.b[step], sums.b[step], x.interleaved ? 2 * i + 1 : i + half);
  }
#pragma unroll
  for (int step = 0; step < Part::kRest; ++step)
    if (const int i = x.R + Part::lane() + 32 * step; i < x.D) each(g.rest[step], value.rest[step], sums.rest[step], i);
  const float mean = warp_sum(along) / static_cast<float>(x.D);
#pragma unroll
  for (int step = 0; step < kSteps; ++step) {
    g.a[step] = scale * fmaf(-mean, value.a[step] * scale, g.a[step]);
    g.b[step] = scale * fmaf(-mean, value.b[step] * scale, g.b[step]);
  }
#pragma unroll
  for (int step = 0; step < Part::kRest; ++step)
    g.rest[step] = scale * fmaf(-mean, value.rest[step] * scale, g.rest[step]);
}

// The block's sums of both weights to its row of scratch: warps in order.
template <class Real, int kSteps>
__device__ inline void store_weight_sums(const RotaryBackwardCall<Real>& call, HeadPart<kSteps> (&sums)[2]) {
  __shared__ float shared[kRotaryWarps][64 * kSteps];
  const RotaryExtents& x = call.extents;
#pragma unroll
  for (int which = 0; which < 2; ++which) {
    float* own = shared[threadIdx.x / 32];
    sums[which].template for_each<false>(x, [&](float& value, int i) { own[i] = value; });
    __syncthreads();
    float* to = call.partials + (int64_t{blockIdx.x} * 2 + which) * call.held;
    for (int i = static_cast<int>(threadIdx.x); i < call.held; i += kRotaryThreads) {
      float sum = 0;
      if (i < x.D)
        for (int warp = 0; warp < kRotaryWarps; ++warp) sum += shared[warp][i];
      to[i] = sum;
    }
    __syncthreads();
  }
}

template <class Real, int kSteps, bool kNorm>
__global__ void __launch_bounds__(kRotaryThreads)
    rotary_backward_kernel(const __grid_constant__ RotaryBackwardCall<Real> call) {
  using Part = HeadPart<kSteps>;
  const RotaryExtents& x = call.extents;
  Part sums[kNorm ? 2 : 1];
  if constexpr (kNorm) sums[0].clear(), sums[1].clear();
  for (int64_t token = blockIdx.x; token < x.tokens; token += gridDim.x) {
    const LaneTurn<kSteps> turn(x, x.position_of(token), -1);
    const auto head_gradient = [&](int head, const Real* weight, Part& sum) {
      Real* at = call.dx + token * x.width + int64_t{head} * x.D;
      Part g;
      g.clear();
      g.template for_each<!kNorm>(x, [&](float& value, int i) { value = to_float(at[i]); });
      turn.apply(g);
      if constexpr (kNorm) norm_backward_of_head(g, call.kept + (token * x.heads + head) * x.D, weight, x, sum);
      g.template for_each<!kNorm>(x, [&](float& value, int i) { at[i] = from_float<Real>(value); });
    };
    int head = static_cast<int>(threadIdx.x) / 32;
    for (; head < x.H; head += kRotaryWarps) head_gradient(head, call.query_weight, sums[0]);
    for (; head < x.heads; head += kRotaryWarps) head_gradient(head, call.key_weight, sums[kNorm ? 1 : 0]);
  }
  if constexpr (kNorm) {
    store_weight_sums(call, sums);
    sum_over_blocks(call.partials, 2 * call.held, call.counters, [&](int q, float4 sum) {
      const float values[] = {sum.x, sum.y, sum.z, sum.w};
      for (int k = 0; k < 4; ++k) {
        const bool of_keys = q + k >= call.held;
        const int i = of_keys ? q + k - call.held : q + k;
        float* to = of_keys ? call.dkey_weight : call.dquery_weight;
        if (to != nullptr && i < x.D) to[i] += values[k];
      }
    });
  }
}

int64_t held_of(const RotaryShape& s) { return round_up<int64_t>(s.D, 2); }
int64_t summed_blocks(const RotaryBackward& args) {
  return blocks_for(args.dx.shape[0] * args.dx.shape[1], kSummedRotaryBlocks);
}

}  // namespace

void rotary_backward(Stream& stream, const RotaryBackward& args, const Tensor& scratch) {
  const RotaryExtents extents(args.shape, args.dx, {}, args.starts);
  for_real(args.dx.dtype, [&](auto real) {
    using Real = decltype(real);
    for_rotary_steps(args.shape.D, [&](auto steps) {
      const RotaryBackwardCall<Real> call{extents,
                                          data_of<Real>(args.dx),
                                          data_of<Real>(args.kept),
                                          data_of<Real>(args.query_weight),
                                          data_of<Real>(args.key_weight),
                                          data_of<float>(args.dquery_weight),
                                          data_of<float>(args.dkey_weight),
                                          data_of<float>(scratch),
                                          counters(stream),
                                          static_cast<int>(held_of(args.shape))};
      if (args.query_weight)
        launch(stream, rotary_backward_kernel<Real, steps, true>, static_cast<unsigned>(summed_blocks(args)),
               kRotaryThreads, 0, call);
      else
        launch(stream, rotary_backward_kernel<Real, steps, false>, blocks_for(extents.tokens), kRotaryThreads, 0, call);
    });
  });
}

size_t rotary_backward_scratch_bytes(const RotaryBackward& args) {
  if (!args.query_weight) return 0;
  return static_cast<size_t>(summed_blocks(args) * 2 * held_of(args.shape)) * sizeof(float);
}

}  // namespace convoy::cuda
