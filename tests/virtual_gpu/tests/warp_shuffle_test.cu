// Shuffles, votes, matches and reductions within a warp, against the same written as loops over lanes.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr unsigned kAll = 0xffffffffu;
constexpr int kLanes = 32;

enum Mode { kXor5, kUp3Of16, kDown4Of8, kFrom13, kModes };

__host__ __device__ int payload(int lane) { return lane * 3 + 1; }

__global__ void shuffle_kernel(int* out) {
  const int lane = threadIdx.x, value = payload(lane);
  out[kXor5 * kLanes + lane] = __shfl_xor_sync(kAll, value, 5);
  out[kUp3Of16 * kLanes + lane] = __shfl_up_sync(kAll, value, 3, 16);
  out[kDown4Of8 * kLanes + lane] = __shfl_down_sync(kAll, value, 4, 8);
  out[kFrom13 * kLanes + lane] = __shfl_sync(kAll, value, 13);
}

// Beyond its segment of 16 or 8 lanes a shuffle gives a lane its own value back.
int source_lane(Mode mode, int lane) {
  switch (mode) {
    case kXor5:
      return lane ^ 5;
    case kUp3Of16:
      return lane % 16 >= 3 ? lane - 3 : lane;
    case kDown4Of8:
      return lane % 8 + 4 < 8 ? lane + 4 : lane;
    default:
      return 13;
  }
}

CASE(shuffles_move_values_between_lanes) {
  DeviceArray<int> out(kModes * kLanes);
  shuffle_kernel<<<1, kLanes>>>(out.data());
  const std::vector<int> found = out.values();
  for (int mode = 0; mode < kModes; ++mode)
    for (int lane = 0; lane < kLanes; ++lane)
      EXPECT_EQ(found[mode * kLanes + lane], payload(source_lane(Mode(mode), lane)));
}

}  // namespace
