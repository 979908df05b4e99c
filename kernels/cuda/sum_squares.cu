// Sums of squares: a block for each kSumSquaresBlock elements.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 128;

template <int kWidth>
__global__ void __launch_bounds__(kThreads) sum_squares_kernel(float* partials, const float* x, int64_t n) {
  __shared__ float warps[kThreads / 32];
  const int64_t begin = blockIdx.x * kSumSquaresBlock;
  const int count = static_cast<int>(min(kSumSquaresBlock, n - begin)), whole = count / kWidth * kWidth;
  float sums[kWidth] = {};
#pragma unroll
  for (int i = static_cast<int>(threadIdx.x) * kWidth; i < whole; i += kThreads * kWidth) {
    const Elements<float, kWidth> values(x + begin + i);
    for (int k = 0; k < kWidth; ++k) sums[k] = fmaf(values.get(k), values.get(k), sums[k]);
  }
  const int rest = whole + static_cast<int>(threadIdx.x);
  if (rest < count) sums[0] = fmaf(x[begin + rest], x[begin + rest], sums[0]);
  float sum = 0;
  for (const float part : sums) sum += part;
  sum = block_sum(sum, warps);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

}  // namespace

void sum_squares(Stream& stream, const SumSquares& args) {
  const float* x = data_of<float>(args.x);
  const int64_t n = args.x.elements();
  launch(stream, aligned_16(x) ? sum_squares_kernel<4> : sum_squares_kernel<1>,
         static_cast<unsigned>(ceil_div(n, kSumSquaresBlock)), kThreads, 0, data_of<float>(args.partials), x, n);
}

}  // namespace convoy::cuda
