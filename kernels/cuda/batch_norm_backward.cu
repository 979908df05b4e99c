// Gradient of batch normalisation by its own micro-batch's moments: sums over the rows of every column (two launches,
// as column_moments.cu), then dx.
#include "kernels/cuda/columns.h"
#include "kernels/cuda/operators.h"

namespace convoy::cuda {
namespace {

// partials: of each chunk the sums of dy and of dy (x - mean), (chunks, 2, C).
template <class Real, int kWidth>
__global__ void __launch_bounds__(kColumnThreads)
    batch_norm_sums_kernel(const Real* dy, const Real* x, const float* means, float* partials, int64_t N, int64_t C,
                           int lanes, int64_t chunk_rows) {
  __shared__ float sums[kWidth][kColumnThreads], products[kWidth][kColumnThreads];
  const ColumnPart part(N, lanes, chunk_rows, kWidth);
  Elements<float, kWidth> mean, sum, product;
  if (part.column < C) {
    for (int i = 0; i < kWidth; ++i) mean.set(i, means[part.column + i]);
    part.for_rows([&](int64_t row) {
      const Elements<Real, kWidth> g(dy + row * C + part.column), e(x + row * C + part.column);
      for (int i = 0; i < kWidth; ++i) {
        sum.set(i, sum.get(i) + g.get(i));
        product.set(i, fmaf(g.get(i), e.get(i) - mean.get(i), product.get(i)));
      }
    });
  }
  const auto put = [&] {
    for (int i = 0; i < kWidth; ++i) {
      sums[i][threadIdx.x] = sum.get(i);
      products[i][threadIdx.x] = product.get(i);
    }
  };
  join_row_threads(part.row_thread, part.rows_at_once, lanes, put, [&](int thread) {
    for (int i = 0; i < kWidth; ++i) {
      sum.set(i, sum.get(i) + sums[i][thread]);
      product.set(i, product.get(i) + products[i][thread]);
    }
  });
  if (part.row_thread != 0 || part.column >= C) return;
  float* to = partials + int64_t{blockIdx.y} * 2 * C + part.column;
  sum.store(to);
  product.store(to + C);
}

// What dx is made of: dx = (dy - shift - (x - mean) * slope) * scale. (3, C) each.
template <class Real>
struct Finish {
  float *dweight, *dbias;  // null: not wanted
  const float* variance;
  const Real* weight;  // null: 1
  float eps;
  float *shift, *slope, *scale;
};

template <class Real>
__global__ void __launch_bounds__(kJoinRows* kJoinColumns)
    finish_sums_kernel(const float* partials, Finish<Real> f, int64_t N, int64_t C, int64_t chunks) {
  constexpr int kThreads = kJoinRows * kJoinColumns;
  __shared__ float sums[kThreads], products[kThreads];
  const int64_t c = int64_t{blockIdx.x} * kJoinColumns + threadIdx.x % kJoinColumns;
  const int row_thread = static_cast<int>(threadIdx.x) / kJoinColumns;
  float sum = 0, product = 0;
#pragma unroll 4
  for (int64_t k = row_thread; k < chunks && c < C; k += kJoinRows) {
    sum += partials[k * 2 * C + c];
    product += partials[k * 2 * C + C + c];
  }
  const auto put = [&] {
    sums[threadIdx.x] = sum;
    products[threadIdx.x] = product;
  };
  join_row_threads(row_thread, kJoinRows, kJoinColumns, put, [&](int thread) {
    sum += sums[thread];
    product += products[thread];
  });
  if (row_thread != 0 || c >= C) return;
  const float rstd = 1.0f / sqrtf(f.variance[c] + f.eps), share = 1.0f / static_cast<float>(N);
  if (f.dbias != nullptr) f.dbias[c] += sum;
  if (f.dweight != nullptr) f.dweight[c] = fmaf(product, rstd, f.dweight[c]);
  f.shift[c] = sum * share;
  f.slope[c] = product * share * rstd * rstd;
  f.scale[c] = f.weight == nullptr ? rstd : rstd * to_float(f.weight[c]);
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kColumnThreads)
    input_gradient_kernel(Real* dx, const Real* dy, const Real* x, const float* means, const float* columns, int64_t N,
                          int64_t C, int lanes, int64_t chunk_rows) {
  const ColumnPart part(N, lanes, chunk_rows, kWidth);
  if (part.column >= C) return;
  float mean[kWidth], shift[kWidth], slope[kWidth], scale[kWidth];
  for (int i = 0; i < kWidth; ++i) {
    const float* column = columns + part.column + i;
    mean[i] = means[part.column + i];
    shift[i] = column[0];
    slope[i] = column[C];
    scale[i] = column[2 * C];
  }
  part.for_rows([&](int64_t row) {
    const int64_t at = row * C + part.column;
    const Elements<Real, kWidth> g(dy + at), e(x + at);
    Elements<Real, kWidth> result;
    for (int i = 0; i < kWidth; ++i)
      result.set(i, fmaf(-(e.get(i) - mean[i]), slope[i], g.get(i) - shift[i]) * scale[i]);
    result.store(dx + at);
  });
}

template <class Real>
void enqueue(Stream& stream, const BatchNormBackward& args, float* partials) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  const auto *dy = data_of<const Real>(args.dy), *x = data_of<const Real>(args.x);
  const auto* mean = data_of<const float>(args.mean);
  const ColumnGrid grid = column_grid(N, C, wide_columns(C, dy, x, data_of<Real>(args.dx), partials));
  float* columns = partials + grid.chunks() * 2 * C;
  launch(stream, grid.wide ? batch_norm_sums_kernel<Real, kColumnWidth> : batch_norm_sums_kernel<Real, 1>, grid.blocks,
         kColumnThreads, 0, dy, x, mean, partials, N, C, grid.lanes, grid.chunk_rows);
  const Finish<Real> finish{data_of<float>(args.dweight),
                            data_of<float>(args.dbias),
                            data_of<const float>(args.variance),
                            data_of<const Real>(args.weight),
                            args.eps,
                            columns,
                            columns + C,
                            columns + 2 * C};
  launch(stream, finish_sums_kernel<Real>, static_cast<unsigned>(ceil_div<int64_t>(C, kJoinColumns)),
         kJoinRows * kJoinColumns, 0, partials, finish, N, C, grid.chunks());
  if (!args.dx) return;
  launch(stream, grid.wide ? input_gradient_kernel<Real, kColumnWidth> : input_gradient_kernel<Real, 1>, grid.blocks,
         kColumnThreads, 0, data_of<Real>(args.dx), dy, x, mean, columns, N, C, grid.lanes, grid.chunk_rows);
}

}  // namespace

void batch_norm_backward(Stream& stream, const BatchNormBackward& args, const Tensor& scratch) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, data_of<float>(scratch)); });
}

// For whatever addresses come.
size_t batch_norm_backward_scratch_bytes(const BatchNormBackward& args) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  const int64_t wide = column_grid(N, C, true).chunks(), narrow = column_grid(N, C, false).chunks();
  return static_cast<size_t>((wide > narrow ? wide : narrow) * 2 * C + 3 * C) * sizeof(float);
}

}  // namespace convoy::cuda
