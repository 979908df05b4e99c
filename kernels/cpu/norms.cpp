// Layer norm and RMS norm: rows in pieces, the parameters' gradients summed chunk by chunk.
#include <algorithm>

#include "core/base/integers.h"
#include "kernels/cpu/cpu_ops.h"
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

// gradients += the chunks' sums, chunk by chunk, in pieces of columns.
template <size_t kParameters>
void add_chunks(const Chunks& chunks, const Tensor& scratch, const Tensor (&gradients)[kParameters]) {
  constexpr int64_t kColumns = 256;
  const int64_t C = chunks.C, stride = static_cast<int64_t>(kParameters) * C;
  parallel_for(ceil_div(C, kColumns), [&](int64_t piece) {
    const int64_t begin = piece * kColumns, n = std::min(kColumns, C - begin);
    const float* partials = scratch.as<float>() + begin;
    for (const Tensor& gradient : gradients) {
      range_kernels().add_rows(gradient.as<float>() + begin, partials, chunks.count, stride, n);
      partials += C;
    }
  });
}

template <class Args>
void forward(const Args& args, void (*kernel)(const Args&, int64_t, int64_t)) {
  const int64_t C = args.x.shape[-1], N = args.x.elements() / C, rows = rows_per_piece(C);
  parallel_for(ceil_div(N, rows), [&](int64_t piece) { kernel(args, piece * rows, std::min(N, (piece + 1) * rows)); });
}

template <class Args, size_t kParameters>
void backward(const Args& args, void (*kernel)(const Args&, int64_t, int64_t, float*),
              const Tensor (&gradients)[kParameters]) {
  const Chunks chunks(args.dy);
  parallel_for(chunks.count, [&](int64_t chunk) {
    kernel(args, chunk * chunks.rows, std::min(chunks.N, (chunk + 1) * chunks.rows),
           args.scratch.template as<float>() + chunk * static_cast<int64_t>(kParameters) * chunks.C);
  });
  add_chunks(chunks, args.scratch, gradients);
}

}  // namespace

void CpuOps::run(Stream& stream, const LayerNormForward& args) {
  enqueue(stream, [args] { forward(args, row_kernels().layer_norm_forward); });
}

void CpuOps::run(Stream& stream, const LayerNormBackward& args) {
  enqueue(stream, [args] { backward(args, row_kernels().layer_norm_backward, {args.dweight, args.dbias}); });
}

void CpuOps::run(Stream& stream, const RmsNormForward& args) {
  enqueue(stream, [args] { forward(args, row_kernels().rms_norm_forward); });
}

void CpuOps::run(Stream& stream, const RmsNormBackward& args) {
  enqueue(stream, [args] { backward(args, row_kernels().rms_norm_backward, {args.dweight}); });
}

size_t CpuOps::scratch_bytes(const LayerNormBackward& args) const { return Chunks(args.dy).scratch_bytes(2); }
size_t CpuOps::scratch_bytes(const RmsNormBackward& args) const { return Chunks(args.dy).scratch_bytes(1); }

}  // namespace convoy::cpu
