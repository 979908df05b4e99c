// Sum of a range in one launch: every thread adds pieces in f32 and their sums in f64, the last block adds the blocks.
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/ranges.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int64_t kMostBlocks = 132 * 4;
static_assert(kMostBlocks * sizeof(double) <= kStreamScratchBytes);

template <int kWidth>
__global__ void __launch_bounds__(kRangeThreads) sum_kernel(float* sum, const float* x, int64_t n, float scale,
                                                            bool accumulate, double* partials, unsigned* counter) {
  __shared__ double warps[kRangeThreads / 32];
  double total = 0;
  float piece = 0;
  for_pieces<kWidth>(
      x, n, [&] { piece = 0; }, [&](float value) { piece += value; }, [&] { total += static_cast<double>(piece); });
  total = block_sum(total, warps);
  if (threadIdx.x == 0) partials[blockIdx.x] = total;
  if (!is_last_block(counter, gridDim.x)) return;
  double all = 0;
  for (unsigned block = threadIdx.x; block < gridDim.x; block += kRangeThreads) all += __ldcg(partials + block);
  all = block_sum(all, warps);
  if (threadIdx.x != 0) return;
  const auto scaled = static_cast<float>(all * static_cast<double>(scale));
  *sum = accumulate ? *sum + scaled : scaled;
}

}  // namespace

void sum(Stream& stream, const Sum& args) {
  const float* x = data_of<float>(args.x);
  const int64_t n = args.x.elements();
  launch(stream, aligned_16(x) ? sum_kernel<4> : sum_kernel<1>, range_blocks(n, kMostBlocks), kRangeThreads, 0,
         data_of<float>(args.sum), x, n, args.scale, args.accumulate, static_cast<double*>(stream_scratch(stream)),
         counters(stream));
}

}  // namespace convoy::cuda
