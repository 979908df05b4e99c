// Shuffles, votes, matches and reductions within a warp, against the same written as loops over lanes.
#include "tests/virtual_gpu/tests/check.h"

namespace {
using convoy::virtual_gpu_test::DeviceArray;

constexpr unsigned kAll = 0xffffffffu;
constexpr int kLanes = 32;

template <class T, class Kernel>
std::vector<T> run(Kernel kernel, size_t count) {
  DeviceArray<T> out(count);
  kernel<<<1, kLanes>>>(out.data());
  return out.values();
}

// ---- shuffles ----
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
  const std::vector<int> found = run<int>(shuffle_kernel, kModes * kLanes);
  for (int mode = 0; mode < kModes; ++mode)
    for (int lane = 0; lane < kLanes; ++lane)
      EXPECT_EQ(found[mode * kLanes + lane], payload(source_lane(Mode(mode), lane)));
}

// What comes from a lane that lives but is not in the mask is undefined: here all ones, NaN if it is a float.
__global__ void outside_the_mask_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x;
  out[lane] = lane < 16 ? __shfl_xor_sync(0xffffu, lane, 24) : lane;
}
CASE(a_lane_outside_the_mask_gives_all_ones) {
  const std::vector<unsigned> found = run<unsigned>(outside_the_mask_kernel, kLanes);
  for (int lane = 0; lane < 16; ++lane) EXPECT_EQ(found[lane], kAll);
}

// ---- votes ----
__global__ void vote_kernel(unsigned* out) {
  const int lane = threadIdx.x;
  const unsigned ballot = __ballot_sync(kAll, lane % 3 == 0);
  const unsigned any = __any_sync(kAll, lane == 31), none = __any_sync(kAll, lane == 32);
  const unsigned all = __all_sync(kAll, lane < 32), not_all = __all_sync(kAll, lane < 31);
  const unsigned uni = __uni_sync(kAll, lane < 31);
  unsigned odd_lanes = 0;
  if (lane % 2) odd_lanes = __activemask();
  out[lane] = ballot ^ (any | none << 1 | all << 2 | not_all << 3 | uni << 4);
  out[kLanes + lane] = odd_lanes;
}
CASE(votes) {
  const std::vector<unsigned> found = run<unsigned>(vote_kernel, 2 * kLanes);
  for (int lane = 0; lane < kLanes; ++lane) {
    EXPECT_EQ(found[lane], 0x49249249u ^ 0b00101u);
    EXPECT_EQ(found[kLanes + lane], lane % 2 ? 0xaaaaaaaau : 0u);
  }
}

// ---- match, redux, elect ----
__global__ void match_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x;
  int all_equal = 0, not_equal = 1;
  out[lane] = __match_any_sync(kAll, lane / 5);
  out[kLanes + lane] = __match_any_sync(kAll, static_cast<unsigned long long>(lane % 7) << 40);
  const unsigned same = __match_all_sync(kAll, 77, &all_equal), other = __match_all_sync(kAll, lane, &not_equal);
  out[2 * kLanes + lane] = (same == kAll && all_equal ? 1 : 0) + (other == 0 && !not_equal ? 2 : 0);
}
CASE(matches) {
  const std::vector<unsigned> found = run<unsigned>(match_kernel, 3 * kLanes);
  for (int lane = 0; lane < kLanes; ++lane) {
    unsigned by_five = 0, by_rest = 0;
    for (int other = 0; other < kLanes; ++other) {
      by_five |= static_cast<unsigned>(other / 5 == lane / 5) << other;
      by_rest |= static_cast<unsigned>(other % 7 == lane % 7) << other;
    }
    EXPECT_EQ(found[lane], by_five);
    EXPECT_EQ(found[kLanes + lane], by_rest);
    EXPECT_EQ(found[2 * kLanes + lane], 3u);
  }
}

__global__ void redux_kernel(unsigned* out) {
  const unsigned lane = threadIdx.x;
  const int value = static_cast<int>(lane * 7 % 32) - 9;
  out[lane] = __reduce_add_sync(kAll, lane);
  out[kLanes + lane] = static_cast<unsigned>(__reduce_min_sync(kAll, value));
  out[2 * kLanes + lane] = __reduce_max_sync(kAll, static_cast<unsigned>(value));
  out[3 * kLanes + lane] = __reduce_and_sync(kAll, lane | 0xf00);
  out[4 * kLanes + lane] = __reduce_or_sync(kAll, lane & 6);
  out[5 * kLanes + lane] = __reduce_xor_sync(kAll, lane * lane);
}
CASE(reductions) {
  const std::vector<unsigned> found = run<unsigned>(redux_kernel, 6 * kLanes);
  unsigned exclusive_or = 0;
  for (unsigned lane = 0; lane < kLanes; ++lane) exclusive_or ^= lane * lane;
  const unsigned wanted[] = {496u, static_cast<unsigned>(-9), kAll, 0xf00u, 6u, exclusive_or};
  for (int k = 0; k < 6; ++k)
    for (int lane = 0; lane < kLanes; ++lane) EXPECT_EQ(found[k * kLanes + lane], wanted[k]);
}

}  // namespace
