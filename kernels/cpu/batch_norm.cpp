// Batch normalisation: rows in chunks whose sums are kept apart and joined in order.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/bf16.h"
#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kMaxColumnChunks = 64;  // of rows whose sums are kept apart
constexpr int64_t kColumnsPerPiece = 256;

// How rows are cut. Of each chunk two sums of every column are kept.
struct ColumnChunks {
  int64_t C, N, rows, count;

  explicit ColumnChunks(const Tensor& x)
      : C(x.shape[-1]),
        N(x.elements() / C),
        rows(std::max({int64_t{1}, kPieceElements / C, ceil_div(N, kMaxColumnChunks)})),
        count(ceil_div(N, rows)) {}
  int64_t sums() const { return count * 2 * C; }

  // body(chunk, first row, last row + 1)
  template <class Body>
  void for_each(const Body& body) const {
    parallel_for(count, [&](int64_t chunk) { body(chunk, chunk * rows, std::min(N, (chunk + 1) * rows)); });
  }
};

// body(begin, end) of columns.
template <class Body>
void for_column_ranges(int64_t C, const Body& body) {
  parallel_for(ceil_div(C, kColumnsPerPiece),
               [&](int64_t piece) { body(piece * kColumnsPerPiece, std::min(C, (piece + 1) * kColumnsPerPiece)); });
}

float element(const Tensor& tensor, int64_t i, float absent) {
  if (!tensor) return absent;
  return tensor.dtype == DType::bf16 ? static_cast<float>(tensor.as<bf16>()[i]) : tensor.as<float>()[i];
}

// By what a distance from the mean is multiplied.
float inverse_spread(const ColumnNormalise& args, int64_t c) {
  const float spread = args.spread.as<float>()[c];
  if (args.kind == Spread::variance) return 1.0f / std::sqrt(spread + args.eps);
  return spread > 0 ? 1.0f / spread : 0.0f;
}

// Rows that are taken as one, so that they fill vectors; all columns' numbers stay in the first-level cache.
int64_t fold_of(const ColumnNormalise& args) {
  constexpr int64_t kVector = 16, kMostColumns = 128;
  const int64_t C = args.x.shape[-1];
  return C <= kMostColumns ? kVector / std::gcd(C, kVector) : 1;
}

void fill_columns(const ColumnNormalise& args, int64_t fold, float* columns) {
  const int64_t C = args.x.shape[-1], stride = fold * C;
  for (int64_t c = 0; c < C; ++c) {
    columns[c] = element(args.mean, c, 0);
    columns[stride + c] = inverse_spread(args, c) * element(args.weight, c, 1);
    columns[2 * stride + c] = element(args.bias, c, 0);
  }
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t c = C; c < stride; ++c) columns[row * stride + c] = columns[row * stride + c - C];
}

// Sums of all chunks into those of the first, then into the gradients and what dx is made of.
void finish_sums(const BatchNormBackward& args, const ColumnChunks& chunks, float* sums, float* columns) {
  const int64_t C = chunks.C;
  for_column_ranges(2 * C, [&](int64_t begin, int64_t end) {
    range_kernels().add_rows(sums + begin, sums + 2 * C + begin, chunks.count - 1, 2 * C, end - begin);
  });
  const float share = 1.0f / static_cast<float>(chunks.N);
  for (int64_t c = 0; c < C; ++c) {
    const float rstd = 1.0f / std::sqrt(args.variance.as<float>()[c] + args.eps), sum = sums[c], product = sums[C + c];
    if (args.dbias) args.dbias.as<float>()[c] += sum;
    if (args.dweight) args.dweight.as<float>()[c] += product * rstd;
    columns[c] = sum * share;
    columns[C + c] = product * share * rstd * rstd;
    columns[2 * C + c] = rstd * element(args.weight, c, 1);
  }
}

}  // namespace

void column_moments(Stream& stream, const ColumnMoments& args, const Tensor& scratch) {
  enqueue(stream, [args, scratch] {
    const ColumnChunks chunks(args.x);
    auto* moments = scratch.as<float>();
    chunks.for_each([&](int64_t chunk, int64_t begin, int64_t end) {
      row_kernels().column_moments(args.x, begin, end, moments + chunk * 2 * chunks.C);
    });
    for_column_ranges(chunks.C, [&](int64_t begin, int64_t end) {
      row_kernels().join_moments(args, moments, chunks.rows, chunks.count, begin, end);
    });
  });
}

size_t column_moments_scratch_bytes(const ColumnMoments& args) {
  return static_cast<size_t>(ColumnChunks(args.x).sums()) * sizeof(float);
}

void column_normalise(Stream& stream, const ColumnNormalise& args, const Tensor& scratch) {
  enqueue(stream, [args, scratch] {
    const int64_t C = args.x.shape[-1], N = args.x.elements() / C, fold = fold_of(args);
    const int64_t rows = std::max<int64_t>(1, kPieceElements / C);
    auto* columns = scratch.as<float>();
    fill_columns(args, fold, columns);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) {
      row_kernels().column_normalise(args, columns, fold, piece * rows, std::min(N, (piece + 1) * rows));
    });
  });
}

size_t column_normalise_scratch_bytes(const ColumnNormalise& args) {
  return static_cast<size_t>(3 * fold_of(args) * args.x.shape[-1]) * sizeof(float);
}

void batch_norm_backward(Stream& stream, const BatchNormBackward& args, const Tensor& scratch) {
  enqueue(stream, [args, scratch] {
    const ColumnChunks chunks(args.dy);
    auto *sums = scratch.as<float>(), *columns = sums + chunks.sums();
    chunks.for_each([&](int64_t chunk, int64_t begin, int64_t end) {
      row_kernels().batch_norm_sums(args, begin, end, sums + chunk * 2 * chunks.C);
    });
    finish_sums(args, chunks, sums, columns);
    if (!args.dx) return;
    chunks.for_each([&](int64_t, int64_t begin, int64_t end) {
      row_kernels().batch_norm_input_gradient(args, columns, begin, end);
    });
  });
}

size_t batch_norm_backward_scratch_bytes(const BatchNormBackward& args) {
  const ColumnChunks chunks(args.dy);
  return static_cast<size_t>(chunks.sums() + 3 * chunks.C) * sizeof(float);
}

void average_change(Stream& stream, const AverageChange& args) {
  enqueue(stream, [args] {
    auto* change = args.change.as<float>();
    const auto *measured = args.measured.as<const float>(), *average = args.average.as<const float>();
    for (int64_t i = 0; i < args.change.elements(); ++i)
      change[i] = std::fma(args.rate, std::fma(args.factor, measured[i], -average[i]), change[i]);
  });
}

}  // namespace convoy::cpu
