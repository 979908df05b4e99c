// Gradient of a norm, of the residual addition and of the branch's dropout, in one launch and one pass over memory.
// See norm.h for who does what. kCentred: layer norm, otherwise RMS norm, which has neither mean nor bias.
//
// Each thread sums dweight and dbias of its channels over the rows it takes. The warps of a block add these up, block
// by block they lie in scratch, and the block that finishes last adds them to dweight and dbias. Scratch row of a
// block: dweight of all channels, then dbias, each in the order in which threads hold them: channel_at.
#pragma once

#include <algorithm>

#include "kernels/cuda/dropout_mask.h"
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/norm.h"

namespace convoy::cuda {

// As many blocks as are at work at once: what a thread holds leaves room for one on each of 132 multiprocessors, or two
// where rows are short.
inline constexpr int64_t kBackwardBlocks = 132, kBackwardBlocksOfShortRows = 264;
static_assert(kBackwardBlocksOfShortRows <= kMostSummedBlocks);

template <class Real>
struct NormBackwardRows {
  Real *dx, *dbranch;
  float *dweight, *dbias;  // null: not wanted; dbias: layer norm only, like mean
  const Real *dy, *other, *residual, *weight;
  const float *mean, *rstd;
  DropoutMask dropout;
  float* partials;  // (blocks, 2, held), or (blocks, 1, held) where there is no bias
  unsigned* counters;
  int64_t N;
  int C;
  int held;  // C, rounded up to what the threads of a row hold in whole groups
};

// The channel of position q in a scratch row: q = (group * kWidth + element) * threads + thread.
template <int kWidth>
__device__ inline int channel_at(int q, int threads) {
  const int slot = q / threads, thread = q - slot * threads;
  return (slot / kWidth * threads + thread) * kWidth + slot % kWidth;
}

// Of the row: its mean and 1 / deviation, and the means of g and of g times the normalised row. Without a centre mean
// and g stay zero.
struct RowMeans {
  float mean, rstd, g, gx;
};

// dx and dbranch of kWidth channels.
template <int kWidth, class Real>
__device__ inline void store_gradients(const NormBackwardRows<Real>& b, int64_t row, uint64_t index, int c,
                                       const Elements<Real, kWidth>& dy, const Elements<Real, kWidth>& x,
                                       const Elements<Real, kWidth>& weight, const RowMeans& m) {
  const int64_t at = row * b.C + c;
  Elements<Real, kWidth> dx;
  if (b.other != nullptr) dx = Elements<Real, kWidth>(b.other + at);
  for (int i = 0; i < kWidth; ++i) {
    const float g = dy.get(i) * weight.get(i) - m.g - (x.get(i) - m.mean) * m.rstd * m.gx;
    dx.set(i, fmaf(g, m.rstd, dx.get(i)));
  }
  dx.store(b.dx + at);
  if (b.dbranch == nullptr) return;
  if (b.dropout.on()) {
    float factors[kWidth];
    b.dropout.factors(factors, index, c);
    for (int i = 0; i < kWidth; ++i) dx.set(i, dx.get(i) * factors[i]);
  }
  dx.store(b.dbranch + at);
}

// The sums over a row that its gradient needs.
template <int kWidth, class Real>
__device__ inline void add_to_means(RowMeans& m, const Elements<Real, kWidth>& dy, const Elements<Real, kWidth>& x,
                                    const Elements<Real, kWidth>& weight) {
  for (int i = 0; i < kWidth; ++i) {
    const float g = dy.get(i) * weight.get(i);
    m.g += g;
    m.gx = fmaf(g, (x.get(i) - m.mean) * m.rstd, m.gx);
  }
}

template <bool kCentred, bool kWarpPerRow>
__device__ inline void finish_means(RowMeans& m, const RowThreads<kWarpPerRow>& threads, float* partials, int C) {
  m.g = kCentred ? threads.sum(m.g, partials) / static_cast<float>(C) : 0;
  m.gx = threads.sum(m.gx, partials) / static_cast<float>(C);
}

// One group's sums of every thread to the block's scratch row. Warps that share channels are added in order.
template <bool kWarpPerRow, int kWidth>
__device__ inline void store_partials(float* to, const float (&sums)[kWidth], float (*shared)[kWidth][32]) {
  if constexpr (!kWarpPerRow) {
    for (int i = 0; i < kWidth; ++i) to[i * blockDim.x + threadIdx.x] = sums[i];
  } else {
    const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    for (int i = 0; i < kWidth; ++i) shared[warp][i][lane] = sums[i];
    __syncthreads();
    for (unsigned q = threadIdx.x; q < kWidth * 32; q += kNormThreads) {
      float sum = shared[0][q / 32][lane];
      for (int w = 1; w < kNormThreads / 32; ++w) sum += shared[w][q / 32][lane];
      to[q] = sum;
    }
    __syncthreads();
  }
}

// All sums of the block's threads.
template <bool kCentred, class Real, bool kWarpPerRow, int kGroups, int kWidth>
__device__ inline void store_sums(const NormBackwardRows<Real>& b, const RowThreads<kWarpPerRow>& threads,
                                  const float (&dweight)[kGroups][kWidth], const float (&dbias)[kGroups][kWidth],
                                  float (*shared)[kWidth][32]) {
  float* to = b.partials + int64_t{blockIdx.x} * (kCentred ? 2 : 1) * b.held;
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    if (g * threads.count * kWidth >= b.held) continue;
    store_partials<kWarpPerRow>(to + g * threads.count * kWidth, dweight[g], shared);
    if constexpr (kCentred) store_partials<kWarpPerRow>(to + b.held + g * threads.count * kWidth, dbias[g], shared);
  }
}

template <bool kCentred, int kWidth, class Real>
__device__ inline void add_over_blocks(const NormBackwardRows<Real>& b, int row_threads) {
  sum_over_blocks(b.partials, (kCentred ? 2 : 1) * b.held, b.counters, [&](int q, float4 sum) {
    const float sums[] = {sum.x, sum.y, sum.z, sum.w};
    float* to = !kCentred || q < b.held ? b.dweight : b.dbias;
    if (to == nullptr) return;
    for (int k = 0; k < 4; ++k) {
      const int c = channel_at<kWidth>((!kCentred || q < b.held ? q : q - b.held) + k, row_threads);
      if (c < b.C) to[c] += sums[k];
    }
  });
}

template <bool kCentred, class Real, int kWidth, bool kWarpPerRow, int kHeld>
__global__ void __launch_bounds__(kNormThreads, 1) norm_backward_kernel(NormBackwardRows<Real> b) {
  constexpr int kGroups = kHeld / kWidth;
  extern __shared__ uint4 staged[];
  __shared__ float row_partials[32];
  __shared__ float shared[kWarpPerRow ? kNormThreads / 32 : 1][kWidth][32];
  Real* weights = reinterpret_cast<Real*>(staged);
  stage<kWidth>(weights, b.weight, b.C);
  __syncthreads();
  const RowThreads<kWarpPerRow> threads;
  const auto channel = [&](int g) { return (g * threads.count + threads.mine) * kWidth; };
  float dweight[kGroups][kWidth] = {}, dbias[kGroups][kWidth] = {};
  for (int64_t row = threads.row; row < b.N; row += threads.row_stride) {
    const uint64_t index = b.dropout.on() ? b.dropout.index_of_row(row) : 0;
    RowMeans m{kCentred ? b.mean[row] : 0, b.rstd[row], 0, 0};
    Elements<Real, kWidth> dy[kGroups], x[kGroups];
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= b.C) continue;
      dy[g] = Elements<Real, kWidth>(b.dy + row * b.C + channel(g));
      x[g] = Elements<Real, kWidth>(b.residual + row * b.C + channel(g));
    }
#pragma unroll
    for (int g = 0; g < kGroups; ++g)
      if (channel(g) < b.C) add_to_means(m, dy[g], x[g], Elements<Real, kWidth>(weights + channel(g)));
    finish_means<kCentred>(m, threads, row_partials, b.C);
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= b.C) continue;
      store_gradients(b, row, index, channel(g), dy[g], x[g], Elements<Real, kWidth>(weights + channel(g)), m);
      for (int i = 0; i < kWidth; ++i) {
        dweight[g][i] = fmaf(dy[g].get(i), (x[g].get(i) - m.mean) * m.rstd, dweight[g][i]);
        if constexpr (kCentred) dbias[g][i] += dy[g].get(i);
      }
    }
  }
  store_sums<kCentred>(b, threads, dweight, dbias, shared);
  add_over_blocks<kCentred, kWidth>(b, threads.count);
}

// A block a row; sums of dweight and dbias lie in the block's scratch row all the time.
template <bool kCentred, class Real, int kWidth>
__global__ void __launch_bounds__(kLongRowThreads, 2) norm_backward_long_kernel(NormBackwardRows<Real> b) {
  __shared__ float row_partials[32];
  const RowThreads<false> threads;
  const int step = threads.count * kWidth;
  float* dweight = b.partials + int64_t{blockIdx.x} * (kCentred ? 2 : 1) * b.held;
  [[maybe_unused]] float* dbias = dweight + b.held;
  for (int q = threads.mine; q < b.held; q += threads.count) {
    dweight[q] = 0;
    if constexpr (kCentred) dbias[q] = 0;
  }
  for (int64_t row = threads.row; row < b.N; row += threads.row_stride) {
    const uint64_t index = b.dropout.on() ? b.dropout.index_of_row(row) : 0;
    RowMeans m{kCentred ? b.mean[row] : 0, b.rstd[row], 0, 0};
    for (int c = threads.mine * kWidth; c < b.C; c += step) {
      const Elements<Real, kWidth> dy(b.dy + row * b.C + c), x(b.residual + row * b.C + c), weight(b.weight + c);
      add_to_means(m, dy, x, weight);
    }
    finish_means<kCentred>(m, threads, row_partials, b.C);
    for (int c = threads.mine * kWidth; c < b.C; c += step) {
      const Elements<Real, kWidth> dy(b.dy + row * b.C + c), x(b.residual + row * b.C + c), weight(b.weight + c);
      store_gradients(b, row, index, c, dy, x, weight, m);
      const int q = c / step * step + threads.mine;
      for (int i = 0; i < kWidth; ++i) {
        float& w = dweight[q + i * threads.count];
        w = fmaf(dy.get(i), (x.get(i) - m.mean) * m.rstd, w);
        if constexpr (kCentred) dbias[q + i * threads.count] += dy.get(i);
      }
    }
  }
  add_over_blocks<kCentred, kWidth>(b, threads.count);
}

inline NormGrid backward_grid(int64_t N, int64_t C, bool packs) {
  return norm_grid(N, C, packs, C <= kShortRow ? kBackwardBlocksOfShortRows : kBackwardBlocks);
}

// Channels rounded up to whole groups of the threads of a row.
inline int held_channels(const NormGrid& grid, int64_t C, int pack) {
  return round_up(static_cast<int>(C), static_cast<int>(grid.row_threads()) * (grid.packs ? pack : 1));
}

// b.held is set here.
template <bool kCentred, class Real>
void launch_backward(Stream& stream, NormBackwardRows<Real> b) {
  const bool packs = rows_in_packs<Real>(b.C, b.dx, b.dbranch, b.dy, b.other, b.residual, b.weight);
  const NormGrid grid = backward_grid(b.N, b.C, packs);
  b.held = held_channels(grid, b.C, kPack<Real>);
  if (grid.held == 0)
    return launch(
        stream,
        packs ? norm_backward_long_kernel<kCentred, Real, kPack<Real>> : norm_backward_long_kernel<kCentred, Real, 1>,
        grid.blocks, grid.threads, 0, b);
  for_variant<Real>(grid, [&](auto width, auto warp_per_row, auto held) {
    launch(stream, norm_backward_kernel<kCentred, Real, width, warp_per_row, held>, grid.blocks, grid.threads,
           static_cast<size_t>(b.C) * sizeof(Real), b);
  });
}

// Whichever way is taken: what is planned does not know addresses yet.
template <bool kCentred>
size_t backward_scratch_bytes(const Tensor& dy) {
  const int64_t C = dy.shape[-1], N = dy.elements() / C;
  const int pack = 16 / static_cast<int>(size_of(dy.dtype));
  size_t bytes = 0;
  for (const bool packs : {false, true}) {
    const NormGrid grid = backward_grid(N, C, packs);
    const auto held = static_cast<size_t>(held_channels(grid, C, pack));
    bytes = std::max(bytes, grid.blocks * (kCentred ? 2 : 1) * held * sizeof(float));
  }
  return bytes;
}

}  // namespace convoy::cuda
