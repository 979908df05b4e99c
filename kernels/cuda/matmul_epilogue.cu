// What follows a product where cuBLASLt's epilogues do not do it. A thread owns neighbouring columns, so that it reads
// their bias once, and takes rows in turn.
#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "kernels/cuda/activation.h"
#include "kernels/cuda/last_block.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/matmul_epilogue.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kColumns = 4;  // a thread: 16 bytes of the f32 product

template <class Out, class In>
struct Epilogue {
  Out* c;
  const float* product;
  const In* bias;
  In* pre_activation;
  Activation activation, derivative_of;
  bool add_old;
  int64_t M, N;
};

// c's elements [at, at + kWidth) of one row.
template <int kWidth, class Out, class In>
__device__ inline void finish(const Epilogue<Out, In>& e, int64_t at, const Elements<In, kWidth>& bias) {
  const Elements<float, kWidth> product(e.product + at);
  Elements<Out, kWidth> c;
  Elements<In, kWidth> pre_activation;
  if (e.add_old) c = Elements<Out, kWidth>(e.c + at);
  const bool backward = e.derivative_of != Activation::none;
  if (backward) pre_activation = Elements<In, kWidth>(e.pre_activation + at);
  // The kind is found once, not for each element.
  with_activation(backward ? e.derivative_of : e.activation, [&](auto kind) {
    constexpr Activation kKind = decltype(kind)::value;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      const float value = product.get(i) + c.get(i) + bias.get(i);  // c: zeros unless its old value is added
      if (backward) {
        c.set(i, value * Activations::derivative<kKind>(pre_activation.get(i), default_number(kKind)));
      } else {
        pre_activation.set(i, value);
        c.set(i, Activations::value<kKind>(value, default_number(kKind)));
      }
    }
  });
  if (!backward && e.pre_activation != nullptr) pre_activation.store(e.pre_activation + at);
  c.store(e.c + at);
}

template <class Out, class In, int kWidth>
__global__ void __launch_bounds__(kThreads) matmul_epilogue_kernel(Epilogue<Out, In> e) {
  const int64_t n = (blockIdx.x * int64_t{blockDim.x} + threadIdx.x) * kWidth;
  if (n >= e.N) return;
  const Elements<In, kWidth> bias = e.bias == nullptr ? Elements<In, kWidth>() : Elements<In, kWidth>(e.bias + n);
  const int64_t first = blockIdx.y * int64_t{blockDim.y} + threadIdx.y, stride = int64_t{gridDim.y} * blockDim.y;
  for (int64_t m = first; m < e.M; m += stride) finish(e, m * e.N + n, bias);
}

// Threads across a row as many as its columns want, up to two warps; the others take rows beside it.
dim3 epilogue_block(int64_t column_threads) {
  unsigned across = 8;
  while (across < 64 && across < column_threads) across *= 2;
  return {across, kThreads / across};
}

// Blocks along the rows: enough to fill the GPU, and beyond that so few that a thread takes several rows for one bias.
unsigned row_blocks(int64_t turns, int64_t column_blocks) {
  constexpr int64_t kRowsPerThread = 8, kFilled = 2 * 132;
  const int64_t filling = std::min(turns, kFilled / column_blocks), thrifty = ceil_div(turns, kRowsPerThread);
  return blocks_for(std::max({int64_t{1}, filling, thrifty}), std::max<int64_t>(1, kManyBlocks / column_blocks));
}

template <class Out, class In>
void enqueue(Stream& stream, const Epilogue<Out, In>& e) {
  if (e.M == 0 || e.N == 0) return;
  const bool wide = e.N % kColumns == 0 && aligned_16(e.c, e.product, e.bias, e.pre_activation);
  const int64_t column_threads = ceil_div<int64_t>(e.N, wide ? kColumns : 1);
  const dim3 block = epilogue_block(column_threads);
  const auto columns = static_cast<unsigned>(ceil_div<int64_t>(column_threads, block.x));
  const unsigned rows = row_blocks(ceil_div<int64_t>(e.M, block.y), columns);
  launch(stream, wide ? matmul_epilogue_kernel<Out, In, kColumns> : matmul_epilogue_kernel<Out, In, 1>,
         dim3(columns, rows), block, 0, e);
}

// Blocks of a column of the grid sum chunks of rows into partials (chunks, columns of all tiles), a warp every
// kWarps-th row; the one that finishes last adds the chunks to sums. A tile's partials lie in the order of `shared`.
template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads)
    column_sums_kernel(float* sums, const Real* matrix, int64_t K, int64_t N, int64_t rows_per_chunk, float* partials,
                       unsigned* counters) {
  constexpr unsigned kTile = 32 * kWidth;
  __shared__ float shared[kWarps][kWidth][32];
  const unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int64_t tile = blockIdx.x * int64_t{kTile}, n = tile + lane * kWidth;
  const int64_t begin = blockIdx.y * rows_per_chunk, end = min(K, begin + rows_per_chunk);
  float mine[kWidth] = {};
  if (n < N) {
#pragma unroll 4
    for (int64_t k = begin + warp; k < end; k += kWarps) {
      const Elements<Real, kWidth> row(matrix + k * N + n);
      for (int i = 0; i < kWidth; ++i) mine[i] += row.get(i);
    }
  }
  for (int i = 0; i < kWidth; ++i) shared[warp][i][lane] = mine[i];
  __syncthreads();
  // From here on a thread has one column: element `warp` of what each lane summed.
  const bool active = warp < kWidth && n + warp < N;
  const int64_t stride = int64_t{gridDim.x} * kTile, at = tile + threadIdx.x;
  if (active) {
    float sum = 0;
    for (int w = 0; w < kWarps; ++w) sum += shared[w][warp][lane];
    partials[blockIdx.y * stride + at] = sum;
  }
  if (!is_last_block(counters + blockIdx.x, gridDim.y) || !active) return;
  float sum = 0;
#pragma unroll 8
  for (unsigned chunk = 0; chunk < gridDim.y; ++chunk) sum += __ldcg(partials + chunk * stride + at);
  sums[n + warp] += sum;
}

__global__ void __launch_bounds__(kThreads) add_to_sums_kernel(float* sums, const float* values, int64_t N) {
  const int64_t n = blockIdx.x * int64_t{kThreads} + threadIdx.x;
  if (n < N) sums[n] += values[n];
}

constexpr int64_t kMostChunks = 64, kLeastRows = 64;

int64_t column_sum_chunks(int64_t K) { return std::clamp<int64_t>(K / kLeastRows, 1, kMostChunks); }

}  // namespace

void enqueue_epilogue(Stream& stream, const Matmul& args, const float* product, bool add_old) {
  for_real(args.c.dtype, [&](auto out) {
    for_real(args.a.dtype, [&](auto in) {
      using In = decltype(in);
      enqueue(stream, Epilogue<decltype(out), In>{data_of<decltype(out)>(args.c), product, data_of<In>(args.bias),
                                                  data_of<In>(args.pre_activation), args.activation, args.derivative_of,
                                                  add_old, args.c.shape[0], args.c.shape[1]});
    });
  });
}

size_t column_sum_bytes(int64_t K, int64_t N) {
  constexpr int64_t kLargestTile = 32 * kPack<__nv_bfloat16>;
  return static_cast<size_t>(column_sum_chunks(K) * round_up(N, kLargestTile)) * sizeof(float);
}

void enqueue_column_sums(Stream& stream, const Tensor& sums, const Tensor& matrix, float* partials) {
  const int64_t K = matrix.shape[0], N = matrix.shape[1], chunks = column_sum_chunks(K);
  for_real(matrix.dtype, [&](auto real) {
    using Real = decltype(real);
    const Real* rows = data_of<Real>(matrix);
    const bool packs = rows_in_packs<Real>(N, rows);
    const int64_t tiles = ceil_div<int64_t>(N, 32 * (packs ? kPack<Real> : 1));
    if (tiles > kManyCounters)
      throw InternalError("column sums of " + std::to_string(N) + " columns: a bias may have " +
                          std::to_string(kManyCounters * 32));
    launch(stream, packs ? column_sums_kernel<Real, kPack<Real>> : column_sums_kernel<Real, 1>,
           dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(chunks)), kThreads, 0, data_of<float>(sums), rows,
           K, N, ceil_div(K, chunks), partials, counters(stream));
  });
}

void enqueue_add(Stream& stream, float* sums, const float* values, int64_t N) {
  launch(stream, add_to_sums_kernel, static_cast<unsigned>(ceil_div<int64_t>(N, kThreads)), kThreads, 0, sums, values,
         N);
}

}  // namespace convoy::cuda
