// NVIDIA's own device libraries: cooperative groups and CUB, as they come out of nvcc.
#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

#include <cub/block/block_reduce.cuh>
#include <cub/block/block_scan.cuh>

#include "tests/virtual_gpu/tests/check.h"

namespace {
namespace groups = cooperative_groups;
using convoy::virtual_gpu_test::DeviceArray;

__global__ void tile_kernel(int* sums, int* group_sizes) {
  const auto block = groups::this_thread_block();
  const auto tile = groups::tiled_partition<16>(block);
  sums[threadIdx.x] = groups::reduce(tile, static_cast<int>(threadIdx.x), groups::plus<int>()) +
                      static_cast<int>(tile.meta_group_rank()) * 10000;
  group_sizes[threadIdx.x] = 0;
  if (threadIdx.x % 3 == 0) group_sizes[threadIdx.x] = static_cast<int>(groups::coalesced_threads().size());
  block.sync();
}
CASE(cooperative_groups) {
  DeviceArray<int> sums(64), sizes(64);
  tile_kernel<<<1, 64>>>(sums.data(), sizes.data());
  const std::vector<int> sum = sums.values(), size = sizes.values();
  for (int t = 0; t < 64; ++t) {
    const int tile = t / 16, of_ranks = 120;
    EXPECT_EQ(sum[t], tile * 16 * 16 + of_ranks + tile * 10000);
    EXPECT_EQ(size[t], t % 3 ? 0 : t < 32 ? 11 : 11);
  }
}

constexpr int kThreads = 256;
__global__ void cub_kernel(float* sum, float* scan, const float* x) {
  using Reduce = cub::BlockReduce<float, kThreads>;
  using Scan = cub::BlockScan<float, kThreads>;
  __shared__ union {
    Reduce::TempStorage reduce;
    Scan::TempStorage scan;
  } storage;
  const float value = x[threadIdx.x], total = Reduce(storage.reduce).Sum(value);
  __syncthreads();
  float running;
  Scan(storage.scan).InclusiveSum(value, running);
  scan[threadIdx.x] = running;
  if (threadIdx.x == 0) *sum = total;
}
CASE(cub_block_reduce_and_scan) {
  std::vector<float> x(kThreads);
  for (int k = 0; k < kThreads; ++k) x[k] = static_cast<float>(k % 17);
  DeviceArray<float> in(x), sum(1), scan(kThreads);
  cub_kernel<<<1, kThreads>>>(sum.data(), scan.data(), in.data());
  const std::vector<float> found = scan.values();
  float running = 0;
  for (int k = 0; k < kThreads; ++k) {
    running += x[k];
    EXPECT_EQ(found[k], running);
  }
  EXPECT_EQ(sum.values()[0], running);
}

}  // namespace
