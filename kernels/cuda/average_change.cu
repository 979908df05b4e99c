// What a step adds to a running average: so few numbers that one access each is enough.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads)
    average_change_kernel(float* change, const float* measured, const float* average, int64_t n, float rate,
                          float factor) {
  const int64_t i = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (i < n) change[i] = fmaf(rate, fmaf(factor, measured[i], -average[i]), change[i]);
}

}  // namespace

void average_change(Stream& stream, const AverageChange& args) {
  const int64_t n = args.change.elements();
  launch(stream, average_change_kernel, static_cast<unsigned>(ceil_div<int64_t>(n, kThreads)), kThreads, 0,
         data_of<float>(args.change), data_of<const float>(args.measured), data_of<const float>(args.average), n,
         args.rate, args.factor);
}

}  // namespace convoy::cuda
