#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/cpu_ops.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/simd/kernels.h"

namespace convoy::cpu {
namespace {

constexpr int64_t kPieceElements = 16384;
constexpr int64_t kMaxChunks = 64;  // of rows whose weight gradients are summed apart

int64_t rows_per_piece(int64_t C) { return std::max<int64_t>(1, kPieceElements / std::max<int64_t>(C, 1)); }

int64_t rows_per_chunk(const LayerNormBackward& args) {
  const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C;
  return std::max(rows_per_piece(C), ceil_div(N, kMaxChunks));
}

int64_t chunks(const LayerNormBackward& args) {
  return ceil_div(args.dy.elements() / args.dy.shape[-1], rows_per_chunk(args));
}

// dweight += and dbias += the chunks' sums, chunk by chunk, in pieces of columns.
void add_chunks(const LayerNormBackward& args) {
  constexpr int64_t kColumns = 256;
  const int64_t C = args.dy.shape[-1], count = chunks(args);
  const float* partials = args.scratch.as<float>();
  parallel_for(ceil_div(C, kColumns), [&](int64_t piece) {
    const int64_t begin = piece * kColumns, n = std::min(kColumns, C - begin);
    range_kernels().add_rows(args.dweight.as<float>() + begin, partials + begin, count, 2 * C, n);
    range_kernels().add_rows(args.dbias.as<float>() + begin, partials + C + begin, count, 2 * C, n);
  });
}

}  // namespace

void CpuOps::run(Stream& stream, const LayerNormForward& args) {
  enqueue(stream, [args] {
    const int64_t C = args.x.shape[-1], N = args.x.elements() / C, rows = rows_per_piece(C);
    parallel_for(ceil_div(N, rows), [&](int64_t piece) {
      row_kernels().layer_norm_forward(args, piece * rows, std::min(N, (piece + 1) * rows));
    });
  });
}

void CpuOps::run(Stream& stream, const LayerNormBackward& args) {
  enqueue(stream, [args] {
    const int64_t C = args.dy.shape[-1], N = args.dy.elements() / C, rows = rows_per_chunk(args);
    parallel_for(chunks(args), [&](int64_t chunk) {
      row_kernels().layer_norm_backward(args, chunk * rows, std::min(N, (chunk + 1) * rows),
                                        args.scratch.as<float>() + chunk * 2 * C);
    });
    add_chunks(args);
  });
}

size_t CpuOps::scratch_bytes(const LayerNormBackward& args) const {
  return static_cast<size_t>(chunks(args) * 2 * args.dy.shape[-1]) * sizeof(float);
}

}  // namespace convoy::cpu
