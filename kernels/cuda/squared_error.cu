// Mean squared error: as many lanes of a warp as a row is wide, up to all, share it.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

template <class X, class Target>
struct Rows {
  float* losses;
  const X* x;
  const Target* target;
  X* dx;            // null: not wanted
  Target* dtarget;  // null: not wanted
  int64_t N, F;
  float scale;
};

// lanes: a power of two up to 32. All lanes of a warp take part in the sums, also those beyond the last row.
template <class X, class Target>
__global__ void __launch_bounds__(kThreads) squared_error_kernel(Rows<X, Target> r, int lanes) {
  const int64_t rows_at_once = int64_t{gridDim.x} * (kThreads / lanes);
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const float mean = 1.0f / static_cast<float>(r.F), factor = r.scale * 2.0f * mean;
  const int64_t first = (blockIdx.x * int64_t{kThreads} + threadIdx.x) / lanes;
  for (int64_t turn = 0; turn < ceil_div(r.N, rows_at_once); ++turn) {
    const int64_t n = first + turn * rows_at_once;
    float sum = 0;
    for (int64_t j = lane; n < r.N && j < r.F; j += lanes) {
      const int64_t i = n * r.F + j;
      const float error = to_float(r.x[i]) - to_float(r.target[i]);
      sum += error * error;
      if (r.dx != nullptr) r.dx[i] = from_float<X>(factor * error);
      if (r.dtarget != nullptr) r.dtarget[i] = from_float<Target>(-factor * error);
    }
    for (int distance = lanes / 2; distance > 0; distance /= 2) sum += __shfl_xor_sync(kAllLanes, sum, distance);
    if (lane == 0 && n < r.N) r.losses[n] = sum * mean;
  }
}

int lanes_of(int64_t F) {
  int lanes = 1;
  while (lanes < 32 && lanes < F) lanes *= 2;
  return lanes;
}

}  // namespace

void squared_error(Stream& stream, const SquaredError& args) {
  const int64_t F = args.x.shape[-1], N = args.x.elements() / F;
  const int lanes = lanes_of(F);
  for_real(args.x.dtype, [&](auto x) {
    for_real(args.target.dtype, [&](auto target) {
      using X = decltype(x);
      using Target = decltype(target);
      const Rows<X, Target> rows{data_of<float>(args.losses),
                                 data_of<const X>(args.x),
                                 data_of<const Target>(args.target),
                                 data_of<X>(args.dx),
                                 data_of<Target>(args.dtarget),
                                 N,
                                 F,
                                 args.scale};
      launch(stream, squared_error_kernel<X, Target>, blocks_for(ceil_div<int64_t>(N * lanes, kThreads)), kThreads, 0,
             rows, lanes);
    });
  });
}

}  // namespace convoy::cuda
