// Softmax cross entropy, forward and backward in one kernel: a row is read from memory once, then kept in registers and
// shared memory until its gradient is written, perhaps over it.
//
//   short rows  a block takes the consecutive rows of a tile, so that memory is accessed in whole packs whatever V is;
//   a
//               warp computes a row
//   long rows   a block a row; whole packs from the row's first multiple of 16 bytes on, since rows of 50257 start
//               anywhere. What does not fit is read again.
#include <algorithm>
#include <type_traits>

#include "kernels/cuda/cross_entropy.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

constexpr int kTileThreads = 256, kTileWarps = kTileThreads / 32;
constexpr int kMostTileRows = 4 * kTileWarps;
constexpr int64_t kMostTileBytes = 32 << 10;

template <class Real>
struct Rows {
  float *losses, *weights;  // weights: null where not wanted
  Real* gradients;          // null: losses only
  const Real* logits;
  const int32_t* targets;
  float scale;
  int64_t N;
  int V, columns;  // of logits and gradients: at least V
};

// The row of a warp, in shared memory, is replaced by its gradient; the target by the loss.
template <class Real>
__device__ inline void warp_row(const Rows<Real>& r, Real* row, int target, float* loss) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  if (target < 0) {
    if (lane == 0) *loss = 0;
    for (int j = lane; j < r.columns; j += 32) row[j] = from_float<Real>(0);
    return;
  }
  for (int j = r.V + lane; j < r.columns; j += 32) row[j] = from_float<Real>(0);
  float largest = -INFINITY, sum = 0;
  for (int j = lane; j < r.V; j += 32) largest = fmaxf(largest, to_float(row[j]));
  largest = warp_max(largest);
  for (int j = lane; j < r.V; j += 32) sum += __expf(to_float(row[j]) - largest);
  sum = warp_sum(sum);
  const float logit = to_float(row[target]);
  if (lane == 0) *loss = cross_entropy_loss(sum, largest, logit);
  __syncwarp();  // all have read the target's logit
  const float factor = r.scale / sum;
  for (int j = lane; j < r.V; j += 32) {
    const float e = __expf(to_float(row[j]) - largest);
    row[j] = from_float<Real>(j == target ? r.scale * (e / sum - 1.0f) : e * factor);
  }
}

// copy(i, width constant) for all `count` elements of a tile, whole packs first.
template <class Real, class Copy>
__device__ inline void for_tile(int count, const Copy& copy) {
  const int packs = count / kPack<Real>;
  for (int i = static_cast<int>(threadIdx.x); i < packs; i += kTileThreads)
    copy(i * kPack<Real>, std::integral_constant<int, kPack<Real>>{});
  for (int i = packs * kPack<Real> + static_cast<int>(threadIdx.x); i < count; i += kTileThreads)
    copy(i, std::integral_constant<int, 1>{});
}

template <class Real>
__global__ void __launch_bounds__(kTileThreads) cross_entropy_tile_kernel(Rows<Real> r, int tile_rows) {
  extern __shared__ uint4 shared[];
  __shared__ int targets[kMostTileRows];
  __shared__ float losses[kMostTileRows];
  Real* tile = reinterpret_cast<Real*>(shared);
  const int warp = static_cast<int>(threadIdx.x) / 32, thread = static_cast<int>(threadIdx.x);
  for (int64_t first = blockIdx.x * int64_t{tile_rows}; first < r.N; first += gridDim.x * int64_t{tile_rows}) {
    const int rows = static_cast<int>(min(int64_t{tile_rows}, r.N - first));
    for_tile<Real>(rows * r.columns, [&](int i, auto width) {
      Elements<Real, width>(r.logits + first * r.columns + i).store_shared(tile + i);
    });
    if (thread < rows) targets[thread] = r.targets[first + thread];
    __syncthreads();
    for (int row = warp; row < rows; row += kTileWarps) warp_row(r, tile + row * r.columns, targets[row], losses + row);
    __syncthreads();
    if (thread < rows) r.losses[first + thread] = losses[thread];
    if (thread < rows && r.weights != nullptr) r.weights[first + thread] = targets[thread] < 0 ? 0.0f : 1.0f;
    if (r.gradients != nullptr)
      for_tile<Real>(rows * r.columns, [&](int i, auto width) {
        Elements<Real, width>(tile + i).store(r.gradients + first * r.columns + i);
      });
    __syncthreads();
  }
}

// Rows of a tile: at least one a warp, whole packs of them.
template <class Real>
int tile_rows(int64_t columns) {
  const int64_t fitting = kMostTileBytes / (columns * static_cast<int64_t>(sizeof(Real)));
  return static_cast<int>(std::min<int64_t>(fitting / kTileWarps * kTileWarps, kMostTileRows));
}
static_assert(kTileWarps % kPack<float> == 0 && kTileWarps % kPack<__nv_bfloat16> == 0);

// kPacks: rows of logits and gradients have the same offset from multiples of 16 bytes.
template <class Real, bool kPacks>
__global__ void __launch_bounds__(kLongRowThreads, 2) cross_entropy_row_kernel(Rows<Real> r, int kept_packs) {
  extern __shared__ uint4 kept[];
  __shared__ float partials[32];
  const int64_t n = blockIdx.x;
  const Real* x = r.logits + n * r.columns;
  Real* gradient = r.gradients == nullptr ? nullptr : r.gradients + n * r.columns;
  const int target = r.targets[n];
  const RowPieces<Real, kPacks> pieces(x, r.V, kept, kept_packs);
  if (gradient != nullptr)
    for (int j = r.V + static_cast<int>(threadIdx.x); j < r.columns; j += static_cast<int>(blockDim.x))
      gradient[j] = from_float<Real>(0);
  if (threadIdx.x == 0 && r.weights != nullptr) r.weights[n] = target < 0 ? 0.0f : 1.0f;
  if (target < 0) {
    if (threadIdx.x == 0) r.losses[n] = 0;
    if (gradient != nullptr) pieces.fill_zero(gradient);
    return;
  }
  SoftmaxSum mine;
  typename RowPieces<Real, kPacks>::Held held;
  pieces.add_to(mine, held);
  const float largest = block_max(mine.largest, partials);
  const float sum = block_sum(mine.sum_for(largest), partials), logit = to_float(x[target]);
  if (threadIdx.x == 0) r.losses[n] = cross_entropy_loss(sum, largest, logit);
  if (gradient == nullptr) return;
  __syncthreads();  // all have read the target's logit
  const float at_target = r.scale * (__expf(logit - largest) / sum - 1.0f);
  pieces.store_gradient(gradient, held, {largest, r.scale / sum, at_target, target});
}

template <class Real, bool kPacks>
void enqueue_rows(Stream& stream, const Rows<Real>& r, size_t shared_bytes_limit) {
  using Pieces = RowPieces<Real, kPacks>;
  constexpr int64_t kBytes = sizeof(typename Pieces::Piece::Access);
  const unsigned threads = r.V >= 8192 ? kLongRowThreads : kShorterRowThreads;
  const int64_t not_held = r.V / Pieces::kWidth - int64_t{Pieces::kBatch} * threads;
  const int64_t fitting = static_cast<int64_t>(shared_bytes_limit - kStaticSharedBytes) / kBytes;
  const int64_t kept = r.gradients == nullptr ? 0 : std::clamp<int64_t>(not_held, 0, fitting);
  const auto kernel = cross_entropy_row_kernel<Real, kPacks>;
  allow_shared_bytes(kernel, static_cast<size_t>(kept * kBytes));
  launch(stream, kernel, static_cast<unsigned>(r.N), threads, static_cast<size_t>(kept * kBytes), r,
         static_cast<int>(kept));
}

template <class Real>
void enqueue(Stream& stream, const CrossEntropy& args, size_t shared_bytes_limit) {
  const Rows<Real> r{
      data_of<float>(args.losses), data_of<float>(args.weights),   data_of<Real>(args.dlogits),
      data_of<Real>(args.logits),  data_of<int32_t>(args.targets), args.scale,
      args.targets.elements(),     static_cast<int>(args.V()),     static_cast<int>(args.logits.shape[-1])};
  const int rows = tile_rows<Real>(r.columns);
  if (rows > 0 && aligned_16(r.logits, r.gradients))
    return launch(stream, cross_entropy_tile_kernel<Real>, blocks_for(ceil_div<int64_t>(r.N, rows)), kTileThreads,
                  static_cast<size_t>(rows * r.columns) * sizeof(Real), r, rows);
  const auto offset = [](const Real* address) { return reinterpret_cast<uintptr_t>(address) % 16; };
  const bool packs = r.gradients == nullptr || offset(r.gradients) == offset(r.logits);
  (packs ? enqueue_rows<Real, true> : enqueue_rows<Real, false>)(stream, r, shared_bytes_limit);
}

}  // namespace

void cross_entropy(Stream& stream, const CrossEntropy& args, size_t shared_bytes_limit) {
  for_real(args.logits.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, shared_bytes_limit); });
}

}  // namespace convoy::cuda
