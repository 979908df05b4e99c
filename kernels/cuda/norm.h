// How the kernels of layer norm and RMS norm deal rows out to threads.
//
// A row of up to kMostHeldChannels stays in registers between its passes, 32 elements a thread at most, 16 where rows
// are not aligned: a warp takes a row where 32 threads can hold it, otherwise a block of as many warps as it needs.
// Longer rows are read again.
// A thread owns kWidth neighbouring channels, then those kWidth * (threads of a row) further on, and so forth; always
// the same ones, so that it also holds their share of the parameters' gradients.
#pragma once

#include <cuda_runtime.h>

#include <type_traits>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kMostHeld = 32, kMostHeldSingly = 16;
inline constexpr int64_t kMostHeldChannels = 4096;
inline constexpr int64_t kShortRow = 32 * 8;  // channels
inline constexpr int kNormThreads = 256;      // of a block whose warps take a row each
inline constexpr int kLongRowThreads = 512;   // of a block that takes a row too long to be held

// The threads that work on one row, and the rows they take in turn.
template <bool kWarpPerRow>
struct RowThreads {
  int count, mine;          // threads of a row, this one's number
  int64_t row, row_stride;  // first, and to the next

  __device__ RowThreads() {
    const int warps = static_cast<int>(blockDim.x) / 32, warp = static_cast<int>(threadIdx.x) / 32;
    count = kWarpPerRow ? 32 : static_cast<int>(blockDim.x);
    mine = kWarpPerRow ? static_cast<int>(threadIdx.x) % 32 : static_cast<int>(threadIdx.x);
    row = kWarpPerRow ? blockIdx.x * int64_t{warps} + warp : int64_t{blockIdx.x};
    row_stride = kWarpPerRow ? gridDim.x * int64_t{warps} : int64_t{gridDim.x};
  }

  // partials: shared, one element a warp.
  __device__ float sum(float value, float* partials) const {
    return kWarpPerRow ? warp_sum(value) : block_sum(value, partials);
  }
};

// A kernel's variant and its launch for rows of C.
struct NormGrid {
  bool packs = false;         // kWidth: 16 bytes, or one element
  bool warp_per_row = false;  // otherwise a block
  int held = kMostHeld;       // elements a thread; 0: the row is too long
  unsigned threads = 0;       // of a block
  unsigned blocks = 0;
  unsigned row_threads() const { return warp_per_row ? 32 : threads; }
};

inline NormGrid norm_grid(int64_t N, int64_t C, bool packs, int64_t most_blocks) {
  NormGrid g;
  g.packs = packs;
  const int most = packs ? kMostHeld : kMostHeldSingly;
  g.warp_per_row = C <= 32 * most;
  if (C > kMostHeldChannels) g.held = 0;
  if (packs && C <= 32 * 24) g.held = 24;
  if (packs && C <= kShortRow) g.held = 8;
  const auto needed = static_cast<unsigned>(round_up<int64_t>(ceil_div<int64_t>(C, most), 32));
  g.threads = g.warp_per_row ? kNormThreads : g.held == 0 ? kLongRowThreads : needed;
  const int64_t rows_per_block = g.warp_per_row ? kNormThreads / 32 : 1;
  g.blocks = blocks_for(ceil_div(N, rows_per_block), most_blocks);
  return g;
}

// body(kWidth, kWarpPerRow, kHeld) with the grid's variant as types that convert to constants.
template <class Real, class Body>
void for_variant(const NormGrid& grid, const Body& body) {
  using Scalar = std::integral_constant<int, 1>;
  using Packs = std::integral_constant<int, kPack<Real>>;
  using Most = std::integral_constant<int, kMostHeld>;
  using Singly = std::integral_constant<int, kMostHeldSingly>;
  if (!grid.packs && grid.warp_per_row) return body(Scalar{}, std::true_type{}, Singly{});
  if (!grid.packs) return body(Scalar{}, std::false_type{}, Singly{});
  if (!grid.warp_per_row) return body(Packs{}, std::false_type{}, Most{});
  if (grid.held == 8) return body(Packs{}, std::true_type{}, std::integral_constant<int, 8>{});
  if (grid.held == 24) return body(Packs{}, std::true_type{}, std::integral_constant<int, 24>{});
  body(Packs{}, std::true_type{}, Most{});
}

// Copies `count` elements of a parameter into shared memory, kWidth at a time.
template <int kWidth, class Real>
__device__ inline void stage(Real* shared, const Real* parameter, int count) {
  const int step = static_cast<int>(blockDim.x) * kWidth;
  for (int c = static_cast<int>(threadIdx.x) * kWidth; c < count; c += step)
    Elements<Real, kWidth>(parameter + c).store_shared(shared + c);
}

}  // namespace convoy::cuda
