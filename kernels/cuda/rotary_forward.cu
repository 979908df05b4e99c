// Rotary positions in place, with the norm of heads before them: rotary.h.
#include "kernels/cuda/operators.h"
#include "kernels/cuda/rotary.h"

namespace convoy::cuda {
namespace {

template <class Real>
struct RotaryForwardCall {
  RotaryExtents extents;
  Real *x, *kept;
  const Real *query_weight, *key_weight;
};

template <class Real, int kSteps, bool kNorm>
__global__ void __launch_bounds__(kRotaryThreads)
    rotary_forward_kernel(const __grid_constant__ RotaryForwardCall<Real> call) {
  using Part = HeadPart<kSteps>;
  const RotaryExtents& x = call.extents;
  for (int64_t token = blockIdx.x; token < x.tokens; token += gridDim.x) {
    const LaneTurn<kSteps> turn(x, x.position_of(token), 1);
    for (int head = static_cast<int>(threadIdx.x) / 32; head < x.heads; head += kRotaryWarps) {
      Real* at = call.x + token * x.width + int64_t{head} * x.D;
      Part part;
      part.clear();
      part.template for_each<!kNorm>(x, [&](float& value, int i) { value = to_float(at[i]); });
      if constexpr (kNorm) {
        if (call.kept != nullptr) {
          Real* kept = call.kept + (token * x.heads + head) * x.D;
          part.template for_each<false>(x, [&](float& value, int i) { kept[i] = from_float<Real>(value); });
        }
        const Real* weight = head < x.H ? call.query_weight : call.key_weight;
        float squares = 0;
        part.template for_each<false>(x, [&](float& value, int) { squares = fmaf(value, value, squares); });
        const float scale = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(x.D) + x.eps);
        part.template for_each<false>(x, [&](float& value, int i) { value *= scale * to_float(weight[i]); });
      }
      turn.apply(part);
      part.template for_each<!kNorm>(x, [&](float& value, int i) { at[i] = from_float<Real>(value); });
    }
  }
}

}  // namespace

void rotary_forward(Stream& stream, const RotaryForward& args) {
  const RotaryExtents extents(args.shape, args.x, args.position, args.starts);
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    for_rotary_steps(args.shape.D, [&](auto steps) {
      const RotaryForwardCall<Real> call{extents, data_of<Real>(args.x), data_of<Real>(args.kept),
                                         data_of<Real>(args.query_weight), data_of<Real>(args.key_weight)};
      launch(stream,
             args.query_weight ? rotary_forward_kernel<Real, steps, true> : rotary_forward_kernel<Real, steps, false>,
             blocks_for(extents.tokens), kRotaryThreads, 0, call);
    });
  });
}

}  // namespace convoy::cuda
