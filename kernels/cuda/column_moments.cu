// Mean and variance of columns: each thread by Welford's updates (Technometrics 4(3), 1962) over its rows, joined by
// Chan, Golub and LeVeque (The American Statistician 37(3), 1983), in an order that depends on the shape alone. Two launches:
// the chunks of rows, and their join.
#include "kernels/cuda/columns.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

struct Moments {
  float count = 0, mean = 0, squares = 0;  // squares: of the distances from the mean

  __device__ void add(float x, float share) {  // share: 1 / count, which counts x already
    const float d = x - mean;
    mean = fmaf(d, share, mean);
    squares = fmaf(d, x - mean, squares);
  }
  __device__ void join(float other_count, float other_mean, float other_squares) {
    if (other_count == 0) return;
    const float both = count + other_count, share = other_count / both, d = other_mean - mean;
    mean = fmaf(d, share, mean);
    squares = fmaf(d * d, count * share, squares + other_squares);
    count = both;
  }
};

// partials: of each chunk mean and squares, (chunks, 2, C).
template <class Real, int kWidth>
__global__ void __launch_bounds__(kColumnThreads)
    column_moments_kernel(const Real* x, float* partials, int64_t N, int64_t C, int lanes, int64_t chunk_rows) {
  __shared__ float counts[kColumnThreads], means[kWidth][kColumnThreads], squares[kWidth][kColumnThreads];
  const ColumnPart part(N, lanes, chunk_rows, kWidth);
  Moments m[kWidth];
  if (part.column < C)
    part.for_rows([&](int64_t row) {
      const Elements<Real, kWidth> elements(x + row * C + part.column);
      const float count = m[0].count + 1, share = 1.0f / count;
      for (int i = 0; i < kWidth; ++i) {
        m[i].count = count;
        m[i].add(elements.get(i), share);
      }
    });
  const auto put = [&] {
    counts[threadIdx.x] = m[0].count;
    for (int i = 0; i < kWidth; ++i) {
      means[i][threadIdx.x] = m[i].mean;
      squares[i][threadIdx.x] = m[i].squares;
    }
  };
  join_row_threads(part.row_thread, part.rows_at_once, lanes, put, [&](int thread) {
    for (int i = 0; i < kWidth; ++i) m[i].join(counts[thread], means[i][thread], squares[i][thread]);
  });
  if (part.row_thread != 0 || part.column >= C) return;
  Elements<float, kWidth> mean, sum;
  for (int i = 0; i < kWidth; ++i) {
    mean.set(i, m[i].mean);
    sum.set(i, m[i].squares);
  }
  float* to = partials + int64_t{blockIdx.y} * 2 * C + part.column;
  mean.store(to);
  sum.store(to + C);
}

__global__ void __launch_bounds__(kJoinRows* kJoinColumns)
    join_moments_kernel(float* mean, float* variance, const float* partials, int64_t N, int64_t C, int64_t chunk_rows,
                        int64_t chunks) {
  constexpr int kThreads = kJoinRows * kJoinColumns;
  __shared__ float counts[kThreads], means[kThreads], squares[kThreads];
  const int64_t column = int64_t{blockIdx.x} * kJoinColumns + threadIdx.x % kJoinColumns;
  const int row_thread = static_cast<int>(threadIdx.x) / kJoinColumns;
  Moments m;
#pragma unroll 4
  for (int64_t k = row_thread; k < chunks && column < C; k += kJoinRows) {
    const int64_t left = N - k * chunk_rows;
    const float* chunk = partials + k * 2 * C + column;
    m.join(static_cast<float>(left < chunk_rows ? left : chunk_rows), chunk[0], chunk[C]);
  }
  const auto put = [&] {
    counts[threadIdx.x] = m.count;
    means[threadIdx.x] = m.mean;
    squares[threadIdx.x] = m.squares;
  };
  join_row_threads(row_thread, kJoinRows, kJoinColumns, put,
                   [&](int thread) { m.join(counts[thread], means[thread], squares[thread]); });
  if (row_thread != 0 || column >= C) return;
  mean[column] = m.mean;
  variance[column] = m.squares / static_cast<float>(N);
}

ColumnGrid grid_of(const ColumnMoments& args, bool wide) {
  const int64_t C = args.x.shape[-1];
  return column_grid(args.x.elements() / C, C, wide);
}

}  // namespace

void column_moments(Stream& stream, const ColumnMoments& args, const Tensor& scratch) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C;
  auto* partials = data_of<float>(scratch);
  const ColumnGrid grid = grid_of(args, wide_columns(C, data_of<std::byte>(args.x), partials));
  for_real(args.x.dtype, [&](auto real) {
    using Real = decltype(real);
    launch(stream, grid.wide ? column_moments_kernel<Real, kColumnWidth> : column_moments_kernel<Real, 1>, grid.blocks,
           kColumnThreads, 0, data_of<const Real>(args.x), partials, N, C, grid.lanes, grid.chunk_rows);
  });
  launch(stream, join_moments_kernel, static_cast<unsigned>(ceil_div<int64_t>(C, kJoinColumns)),
         kJoinRows * kJoinColumns, 0, data_of<float>(args.mean), data_of<float>(args.variance), partials, N, C,
         grid.chunk_rows, grid.chunks());
}

// For whatever addresses come.
size_t column_moments_scratch_bytes(const ColumnMoments& args) {
  const int64_t wide = grid_of(args, true).chunks(), narrow = grid_of(args, false).chunks();
  return static_cast<size_t>((wide > narrow ? wide : narrow) * 2 * args.x.shape[-1]) * sizeof(float);
}

}  // namespace convoy::cuda
