// Gradient of layer norm, of the residual addition and of the branch's dropout, in one launch and one pass over memory.
// See layer_norm.h for who does what.
//
// Each thread sums dweight and dbias of its channels over the rows it takes. The warps of a block add these up, block
// by block they lie in scratch, and the block that finishes last adds them to dweight and dbias. Scratch row of a
// block: dweight of all channels, then dbias, each in the order in which threads hold them: channel_at.
#include "kernels/cuda/cuda_ops.h"
#include "kernels/cuda/dropout_mask.h"
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/layer_norm.h"

namespace convoy::cuda {
namespace {

// As many blocks as are at work at once: what a thread holds leaves room for one on each of 132 multiprocessors, or two
// where rows are short.
constexpr int64_t kBlocks = 132, kBlocksOfShortRows = 264;
static_assert(kBlocksOfShortRows <= kMostSummedBlocks);

template <class Real>
struct Backward {
  Real *dx, *dbranch;
  float *dweight, *dbias;
  const Real *dy, *other, *residual, *weight;
  const float *mean, *rstd;
  DropoutMask dropout;
  float* partials;  // (blocks, 2, held)
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

struct RowMeans {  // of the row: its mean and 1 / deviation, and the means of g and of g times the normalised row
  float mean, rstd, g, gx;
};

// dx and dbranch of kWidth channels.
template <int kWidth, class Real>
__device__ inline void store_gradients(const Backward<Real>& b, int64_t row, uint64_t index, int c,
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

template <bool kWarpPerRow>
__device__ inline void finish_means(RowMeans& m, const RowThreads<kWarpPerRow>& threads, float* partials, int C) {
  m.g = threads.sum(m.g, partials) / static_cast<float>(C);
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
    for (unsigned q = threadIdx.x; q < kWidth * 32; q += kLayerNormThreads) {
      float sum = shared[0][q / 32][lane];
      for (int w = 1; w < kLayerNormThreads / 32; ++w) sum += shared[w][q / 32][lane];
      to[q] = sum;
    }
    __syncthreads();
  }
}

// All sums of the block's threads.
template <class Real, bool kWarpPerRow, int kGroups, int kWidth>
__device__ inline void store_sums(const Backward<Real>& b, const RowThreads<kWarpPerRow>& threads,
                                  const float (&dweight)[kGroups][kWidth], const float (&dbias)[kGroups][kWidth],
                                  float (*shared)[kWidth][32]) {
  float* to = b.partials + int64_t{blockIdx.x} * 2 * b.held;
#pragma unroll
  for (int g = 0; g < kGroups; ++g) {
    if (g * threads.count * kWidth >= b.held) continue;
    store_partials<kWarpPerRow>(to + g * threads.count * kWidth, dweight[g], shared);
    store_partials<kWarpPerRow>(to + b.held + g * threads.count * kWidth, dbias[g], shared);
  }
}

template <int kWidth, class Real>
__device__ inline void add_over_blocks(const Backward<Real>& b, int row_threads) {
  sum_over_blocks(b.partials, 2 * b.held, b.counters, [&](int q, float4 sum) {
    const float sums[] = {sum.x, sum.y, sum.z, sum.w};
    float* to = q < b.held ? b.dweight : b.dbias;
    for (int k = 0; k < 4; ++k) {
      const int c = channel_at<kWidth>((q < b.held ? q : q - b.held) + k, row_threads);
      if (c < b.C) to[c] += sums[k];
    }
  });
}

template <class Real, int kWidth, bool kWarpPerRow, int kHeld>
__global__ void __launch_bounds__(kLayerNormThreads) layer_norm_backward_kernel(Backward<Real> b) {
  constexpr int kGroups = kHeld / kWidth;
  extern __shared__ uint4 staged[];
  __shared__ float row_partials[32];
  __shared__ float shared[kWarpPerRow ? kLayerNormThreads / 32 : 1][kWidth][32];
  Real* weights = reinterpret_cast<Real*>(staged);
  stage<kWidth>(weights, b.weight, b.C);
  __syncthreads();
  const RowThreads<kWarpPerRow> threads;
  const auto channel = [&](int g) { return (g * threads.count + threads.mine) * kWidth; };
  float dweight[kGroups][kWidth] = {}, dbias[kGroups][kWidth] = {};
  for (int64_t row = threads.row; row < b.N; row += threads.row_stride) {
    const uint64_t index = b.dropout.on() ? b.dropout.index_of_row(row) : 0;
    RowMeans m{b.mean[row], b.rstd[row], 0, 0};
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
    finish_means(m, threads, row_partials, b.C);
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= b.C) continue;
      store_gradients(b, row, index, channel(g), dy[g], x[g], Elements<Real, kWidth>(weights + channel(g)), m);
      for (int i = 0; i < kWidth; ++i) {
        dweight[g][i] = fmaf(dy[g].get(i), (x[g].get(i) - m.mean) * m.rstd, dweight[g][i]);
        dbias[g][i] += dy[g].get(i);
      }
    }
  }
  store_sums(b, threads, dweight, dbias, shared);
  add_over_blocks<kWidth>(b, threads.count);
}

// A block a row; sums of dweight and dbias lie in the block's scratch row all the time.
template <class Real, int kWidth>
__global__ void __launch_bounds__(kLongRowThreads, 2) layer_norm_backward_long_kernel(Backward<Real> b) {
  __shared__ float row_partials[32];
  const RowThreads<false> threads;
  const int step = threads.count * kWidth;
  float *dweight = b.partials + int64_t{blockIdx.x} * 2 * b.held, *dbias = dweight + b.held;
  for (int q = threads.mine; q < b.held; q += threads.count) dweight[q] = dbias[q] = 0;
  for (int64_t row = threads.row; row < b.N; row += threads.row_stride) {
    const uint64_t index = b.dropout.on() ? b.dropout.index_of_row(row) : 0;
    RowMeans m{b.mean[row], b.rstd[row], 0, 0};
    for (int c = threads.mine * kWidth; c < b.C; c += step) {
      const Elements<Real, kWidth> dy(b.dy + row * b.C + c), x(b.residual + row * b.C + c), weight(b.weight + c);
      add_to_means(m, dy, x, weight);
    }
    finish_means(m, threads, row_partials, b.C);
    for (int c = threads.mine * kWidth; c < b.C; c += step) {
      const Elements<Real, kWidth> dy(b.dy + row * b.C + c), x(b.residual + row * b.C + c), weight(b.weight + c);
      store_gradients(b, row, index, c, dy, x, weight, m);
      const int q = c / step * step + threads.mine;
      for (int i = 0; i < kWidth; ++i) {
        float &w = dweight[q + i * threads.count], &s = dbias[q + i * threads.count];
        w = fmaf(dy.get(i), (x.get(i) - m.mean) * m.rstd, w);
        s += dy.get(i);
      }
    }
  }
  add_over_blocks<kWidth>(b, threads.count);
}

LayerNormGrid backward_grid(const LayerNormBackward& args, bool packs) {
  const int64_t C = args.dy.shape[-1];
  return layer_norm_grid(args.dy.elements() / C, C, packs, C <= kShortRow ? kBlocksOfShortRows : kBlocks);
}

// Channels rounded up to whole groups of the threads of a row.
int held_channels(const LayerNormGrid& grid, int64_t C, int pack) {
  return round_up(static_cast<int>(C), static_cast<int>(grid.row_threads()) * (grid.packs ? pack : 1));
}

template <class Real>
void enqueue(Stream& stream, const LayerNormBackward& args) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  Backward<Real> b{data_of<Real>(args.dx),
                   data_of<Real>(args.dbranch),
                   data_of<float>(args.dweight),
                   data_of<float>(args.dbias),
                   data_of<Real>(args.dy),
                   data_of<Real>(args.dresidual_out),
                   data_of<Real>(args.residual),
                   data_of<Real>(args.weight),
                   data_of<float>(args.mean),
                   data_of<float>(args.rstd),
                   args.dbranch ? DropoutMask(args.dropout) : DropoutMask(),
                   data_of<float>(args.scratch),
                   counters(stream),
                   N,
                   static_cast<int>(C)};
  const bool packs = rows_in_packs<Real>(C, b.dx, b.dbranch, b.dy, b.other, b.residual, b.weight);
  const LayerNormGrid grid = backward_grid(args, packs);
  b.held = held_channels(grid, C, kPack<Real>);
  if (grid.held == 0)
    return launch(stream,
                  packs ? layer_norm_backward_long_kernel<Real, kPack<Real>> : layer_norm_backward_long_kernel<Real, 1>,
                  grid.blocks, grid.threads, 0, b);
  for_variant<Real>(grid, [&](auto width, auto warp_per_row, auto held) {
    launch(stream, layer_norm_backward_kernel<Real, width, warp_per_row, held>, grid.blocks, grid.threads,
           static_cast<size_t>(C) * sizeof(Real), b);
  });
}

}  // namespace

void CudaOps::run(Stream& stream, const LayerNormBackward& args) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args); });
}

size_t CudaOps::scratch_bytes(const LayerNormBackward& args) const {
  // Whichever way is taken: what is planned does not know addresses yet.
  const int64_t C = args.dy.shape[-1];
  const int pack = 16 / static_cast<int>(size_of(args.dy.dtype));
  size_t bytes = 0;
  for (const bool packs : {false, true}) {
    const LayerNormGrid grid = backward_grid(args, packs);
    bytes = std::max(bytes, grid.blocks * 2 * static_cast<size_t>(held_channels(grid, C, pack)) * sizeof(float));
  }
  return bytes;
}

}  // namespace convoy::cuda
