// Layer norm and RMS norm: rows in pieces, the parameters' gradients summed chunk by chunk.
#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/operators.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kMaxChunks = 64;  // of rows whose weight gradients are summed apart

int64_t rows_per_piece(int64_t C) { return std::max<int64_t>(1, kPieceElements / std::max<int64_t>(C, 1)); }

// How a backward's rows are cut. The sums of a chunk: one row of C for each parameter.
struct Chunks {
  int64_t C, N, rows, count;

  explicit Chunks(const Tensor& dy)
      : C(dy.shape[-1]),
        N(dy.elements() / C),
        rows(std::max(rows_per_piece(C), ceil_div(N, kMaxChunks))),
        count(ceil_div(N, rows)) {}
  size_t scratch_bytes(int64_t parameters) const { return static_cast<size_t>(count * parameters * C) * sizeof(float); }
};

// gradient += the chunks' sums, chunk by chunk, in pieces of columns. partials: of the first chunk.
void add_chunks(const Chunks& chunks, const float* partials, int64_t stride, const Tensor& gradient) {
  if (!gradient) return;
  constexpr int64_t kColumns = 256;
  parallel_for(ceil_div(chunks.C, kColumns), [&](int64_t piece) {
    const int64_t begin = piece * kColumns, n = std::min(kColumns, chunks.C - begin);
    range_kernels().add_rows(gradient.as<float>() + begin, partials + begin, chunks.count, stride, n);
  });
}

int64_t parameters_of(NormKind kind) { return kind == NormKind::layer ? 2 : 1; }

void backward(const NormBackward& args, float* partials) {
  const Chunks chunks(args.dy);
  const int64_t stride = parameters_of(args.kind) * chunks.C;
  parallel_for(chunks.count, [&](int64_t chunk) {
    row_kernels().norm_backward(args, chunk * chunks.rows, std::min(chunks.N, (chunk + 1) * chunks.rows),
                                partials + chunk * stride);
  });
  add_chunks(chunks, partials, stride, args.dweight);
  if (args.kind == NormKind::layer) add_chunks(chunks, partials + chunks.C, stride, args.dbias);
}

}  // namespace

void norm_forward(Stream& stream, const NormForward& args) {
  enqueue(stream, [args] {
    const int64_t C = args.x.shape[-1], N = args.x.elements() / C, rows = rows_per_piece(C);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) {
      row_kernels().norm_forward(args, piece * rows, std::min(N, (piece + 1) * rows));
    });
  });
}

void norm_backward(Stream& stream, const NormBackward& args, const Tensor& scratch) {
  enqueue(stream, [args, scratch] { backward(args, scratch.as<float>()); });
}

size_t norm_backward_scratch_bytes(const NormBackward& args) {
  return Chunks(args.dy).scratch_bytes(parameters_of(args.kind));
}

}  // namespace convoy::cpu
