// What --debug prints of a tensor, in one launch: every thread meets pieces of the range, the last block merges.
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/ranges.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {
namespace {

constexpr int64_t kMostBlocks = 132 * 4;

struct Part {
  float min = INFINITY, max = -INFINITY;
  double sum = 0, sum_of_magnitudes = 0;
  long long finite = 0;

  __device__ void merge(const Part& other) {
    min = fminf(min, other.min);
    max = fmaxf(max, other.max);
    sum += other.sum;
    sum_of_magnitudes += other.sum_of_magnitudes;
    finite += other.finite;
  }
  __device__ Part from_lane(int distance) const {
    Part part;
    part.min = __shfl_xor_sync(kAllLanes, min, distance);
    part.max = __shfl_xor_sync(kAllLanes, max, distance);
    part.sum = __shfl_xor_sync(kAllLanes, sum, distance);
    part.sum_of_magnitudes = __shfl_xor_sync(kAllLanes, sum_of_magnitudes, distance);
    part.finite = __shfl_xor_sync(kAllLanes, finite, distance);
    return part;
  }
};
static_assert(kMostBlocks * sizeof(Part) <= kStreamScratchBytes);

// The whole block's, in thread 0.
__device__ inline Part merged_over_block(Part part) {
  constexpr int kWarps = kRangeThreads / 32;
  // Not an array of Part: shared variables have no constructors.
  __shared__ alignas(Part) unsigned char memory[kWarps * sizeof(Part)];
  Part* warps = reinterpret_cast<Part*>(memory);
  for (int distance = 16; distance > 0; distance /= 2) part.merge(part.from_lane(distance));
  __syncthreads();
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = part;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int warp = 1; warp < kWarps; ++warp) part.merge(warps[warp]);
  return part;
}

// Of no finite value at all: zeros, and the count tells.
__device__ inline void store_result(float* result, const Part& all, int64_t n) {
  const double finite = all.finite > 0 ? static_cast<double>(all.finite) : 1.0;
  result[0] = all.finite > 0 ? all.min : 0;
  result[1] = all.finite > 0 ? all.max : 0;
  result[2] = static_cast<float>(all.sum / finite);
  result[3] = static_cast<float>(all.sum_of_magnitudes / finite);
  result[4] = static_cast<float>(n - all.finite);
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kRangeThreads)
    statistics_kernel(float* result, const Real* x, int64_t n, Part* partials, unsigned* counter) {
  Part part;
  float sum = 0, magnitudes = 0;
  const auto meet = [&](float value) {
    if (!isfinite(value)) return;
    part.min = fminf(part.min, value);
    part.max = fmaxf(part.max, value);
    ++part.finite;
    sum += value;
    magnitudes += fabsf(value);
  };
  const auto end = [&] {
    part.sum += static_cast<double>(sum);
    part.sum_of_magnitudes += static_cast<double>(magnitudes);
  };
  for_pieces<kWidth>(
      x, n, [&] { sum = magnitudes = 0; }, meet, end);
  part = merged_over_block(part);
  if (threadIdx.x == 0) partials[blockIdx.x] = part;
  if (!is_last_block(counter, gridDim.x)) return;
  Part all;
  for (unsigned block = threadIdx.x; block < gridDim.x; block += kRangeThreads) all.merge(partials[block]);
  all = merged_over_block(all);
  if (threadIdx.x == 0) store_result(result, all, n);
}

}  // namespace

void statistics(Stream& stream, const Statistics& args) {
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    const Real* x = data_of<Real>(args.x);
    const int64_t n = args.x.elements();
    launch(stream, aligned_16(x) ? statistics_kernel<Real, kPack<Real>> : statistics_kernel<Real, 1>,
           range_blocks(n, kMostBlocks), kRangeThreads, 0, data_of<float>(args.result), x, n,
           static_cast<Part*>(stream_scratch(stream)), counters(stream));
  });
}

}  // namespace convoy::cuda
