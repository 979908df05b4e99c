// Softmax cross entropy, forward and backward in one kernel: a row is read from memory once, then kept in shared memory
// until its gradient is written, perhaps over it.
//
//   short rows  a block takes the consecutive rows of a tile, so that memory is accessed in whole packs whatever V is;
//   a
//               warp computes a row
//   long rows   a block a row; whole packs from the row's first multiple of 16 bytes on, since rows of 50257 start
//               anywhere. Where the row does not fit into shared memory it is read again.
#include <algorithm>

#include "kernels/cuda/cross_entropy.h"
#include "kernels/cuda/cuda_ops.h"

namespace convoy::cuda {
namespace {

constexpr int kTileThreads = 256, kTileWarps = kTileThreads / 32;
constexpr int64_t kMostTileBytes = 32 << 10;

template <class Real>
struct Rows {
  float* losses;
  Real* gradients;  // null: losses only
  const Real* logits;
  const int32_t* targets;
  float scale;
  int64_t N;
  int V;
};

// The row of a warp, in shared memory, is replaced by its gradient.
template <class Real>
__device__ inline void warp_row(const Rows<Real>& r, Real* row, int64_t n) {
  const int lane = static_cast<int>(threadIdx.x) % 32, target = r.targets[n];
  if (target < 0) {
    if (lane == 0) r.losses[n] = 0;
    for (int j = lane; j < r.V; j += 32) row[j] = from_float<Real>(0);
    return;
  }
  float largest = -INFINITY, sum = 0;
  for (int j = lane; j < r.V; j += 32) largest = fmaxf(largest, to_float(row[j]));
  largest = warp_max(largest);
  for (int j = lane; j < r.V; j += 32) sum += __expf(to_float(row[j]) - largest);
  sum = warp_sum(sum);
  const float logit = to_float(row[target]);
  if (lane == 0) r.losses[n] = cross_entropy_loss(sum, largest, logit);
  __syncwarp();  // all have read the target's logit
  const float factor = r.scale / sum;
  for (int j = lane; j < r.V; j += 32) {
    const float e = __expf(to_float(row[j]) - largest);
    row[j] = from_float<Real>(j == target ? r.scale * (e / sum - 1.0f) : e * factor);
  }
}

// Copies `count` elements, whole packs first. Both addresses are multiples of 16 bytes.
template <class Real>
__device__ inline void copy_tile(Real* to, const Real* from, int count) {
  const int packs = count / kPack<Real>;
  for (int i = static_cast<int>(threadIdx.x); i < packs; i += kTileThreads)
    store_pack(to + i * kPack<Real>, load_pack(from + i * kPack<Real>));
  for (int i = packs * kPack<Real> + static_cast<int>(threadIdx.x); i < count; i += kTileThreads) to[i] = from[i];
}

template <class Real>
__global__ void __launch_bounds__(kTileThreads) cross_entropy_tile_kernel(Rows<Real> r, int tile_rows) {
  extern __shared__ uint4 shared[];
  Real* tile = reinterpret_cast<Real*>(shared);
  const int warp = static_cast<int>(threadIdx.x) / 32;
  for (int64_t first = blockIdx.x * int64_t{tile_rows}; first < r.N; first += gridDim.x * int64_t{tile_rows}) {
    const int rows = static_cast<int>(min(int64_t{tile_rows}, r.N - first));
    copy_tile(tile, r.logits + first * r.V, rows * r.V);
    __syncthreads();
    for (int row = warp; row < rows; row += kTileWarps) warp_row(r, tile + row * r.V, first + row);
    __syncthreads();
    if (r.gradients != nullptr) copy_tile(r.gradients + first * r.V, tile, rows * r.V);
    __syncthreads();
  }
}

// Rows of a tile: at least one a warp, whole packs of them.
template <class Real>
int tile_rows(int64_t V) {
  const int64_t fitting = kMostTileBytes / (V * static_cast<int64_t>(sizeof(Real)));
  return static_cast<int>(std::min<int64_t>(fitting / kTileWarps * kTileWarps, 4 * kTileWarps));
}
static_assert(kTileWarps % kPack<float> == 0 && kTileWarps % kPack<__nv_bfloat16> == 0);

// kPacks: rows of logits and gradients have the same offset from multiples of 16 bytes. kKept: the row is copied to
// shared memory.
template <class Real, bool kPacks, bool kKept>
__global__ void __launch_bounds__(kLongRowThreads, 2) cross_entropy_row_kernel(Rows<Real> r) {
  extern __shared__ uint4 kept[];
  __shared__ float partials[32];
  const int64_t n = blockIdx.x;
  const Real* x = r.logits + n * r.V;
  Real* gradient = r.gradients == nullptr ? nullptr : r.gradients + n * r.V;
  const int target = r.targets[n];
  const RowPieces<Real, kPacks> pieces(x, r.V);
  if (target < 0) {
    if (threadIdx.x == 0) r.losses[n] = 0;
    if (gradient != nullptr) pieces.fill_zero(gradient);
    return;
  }
  SoftmaxSum mine;
  pieces.template add_to<kKept>(mine, x, kept);
  const float largest = block_max(mine.largest, partials);
  const float sum = block_sum(mine.sum_for(largest), partials), logit = to_float(x[target]);
  if (threadIdx.x == 0) r.losses[n] = cross_entropy_loss(sum, largest, logit);
  if (gradient == nullptr) return;
  __syncthreads();  // all have read the target's logit
  pieces.template store_gradient<kKept>(
      gradient, x, kept, {largest, r.scale / sum, r.scale * (__expf(logit - largest) / sum - 1.0f), target});
}

template <class Real>
void enqueue_rows(Stream& stream, const Rows<Real>& r, size_t shared_bytes_limit) {
  const auto offset = [](const Real* address) { return reinterpret_cast<uintptr_t>(address) % 16; };
  const bool packs = r.gradients == nullptr || offset(r.gradients) == offset(r.logits);
  size_t bytes = round_up<size_t>(static_cast<size_t>(r.V) * sizeof(Real), 16);
  auto kernel = packs ? cross_entropy_row_kernel<Real, true, false> : cross_entropy_row_kernel<Real, false, false>;
  if (packs && r.gradients != nullptr && bytes + kStaticSharedBytes <= shared_bytes_limit) {
    kernel = cross_entropy_row_kernel<Real, true, true>;
    allow_shared_bytes(kernel, bytes);
  } else {
    bytes = 0;
  }
  const unsigned threads = r.V >= 8192 ? kLongRowThreads : kShorterRowThreads;
  launch(stream, kernel, static_cast<unsigned>(r.N), threads, bytes, r);
}

template <class Real>
void enqueue(Stream& stream, const CrossEntropy& args, size_t shared_bytes_limit) {
  const Rows<Real> r{data_of<float>(args.losses),
                     data_of<Real>(args.dlogits),
                     data_of<Real>(args.logits),
                     data_of<int32_t>(args.targets),
                     args.scale,
                     args.targets.elements(),
                     static_cast<int>(args.logits.shape[-1])};
  const int rows = tile_rows<Real>(r.V);
  if (rows > 0 && aligned_16(r.logits, r.gradients))
    return launch(stream, cross_entropy_tile_kernel<Real>, blocks_for(ceil_div<int64_t>(r.N, rows)), kTileThreads,
                  static_cast<size_t>(rows * r.V) * sizeof(Real), r, rows);
  enqueue_rows(stream, r, shared_bytes_limit);
}

}  // namespace

void CudaOps::run(Stream& stream, const CrossEntropy& args) {
  for_real(args.logits.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, shared_bytes_limit_); });
}

}  // namespace convoy::cuda
