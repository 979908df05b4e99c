// Rows of the embedding tables, gathered. A thread takes one pack of one position in some samples of the batch, so that
// it reads the position's row once for all of them, unless documents within them have positions of their own.
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kSamplesPerThread = 16;

template <class Real>
struct Gather {
  Real* y;
  const int32_t* tokens;
  const Real *token_table, *position_table;  // null: none
  const int64_t* position;                   // of the first token; null: 0
  int64_t position_stride;                   // from one sample's to the next one's
  const int32_t* starts;                     // of documents; null: 0
  int64_t B, T, C;
};

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads) embedding_forward_kernel(Gather<Real> g) {
  using Piece = Elements<Real, kWidth>;
  const int64_t i = (blockIdx.x * int64_t{kThreads} + threadIdx.x) * kWidth;
  if (i >= g.T * g.C) return;
  const int64_t t = i / g.C, c = i - t * g.C;
  const int64_t begin = blockIdx.y * kSamplesPerThread, end = min(g.B, begin + kSamplesPerThread);
  const int64_t first = g.position == nullptr ? 0 : *g.position * g.C;
  const Piece position = g.position_table == nullptr ? Piece() : Piece(g.position_table + first + i);
#pragma unroll 4
  for (int64_t b = begin; b < end; ++b) {
    Piece piece(g.token_table + g.tokens[b * g.T + t] * g.C + c);
    if ((g.starts != nullptr || g.position_stride != 0) && g.position_table != nullptr) {
      const int64_t begin_of_sample = g.position_stride != 0 ? g.position[b] * g.C : first;
      const int64_t start = g.starts == nullptr ? 0 : g.starts[b * g.T + t];
      const Piece own(g.position_table + begin_of_sample + i - start * g.C);
      for (int k = 0; k < kWidth; ++k) piece.set(k, piece.get(k) + own.get(k));
    } else if (g.position_table != nullptr) {
      for (int k = 0; k < kWidth; ++k) piece.set(k, piece.get(k) + position.get(k));
    }
    piece.store(g.y + b * g.T * g.C + i);
  }
}

}  // namespace

void embedding_forward(Stream& stream, const EmbeddingForward& args) {
  for_real(args.y.dtype, [&](auto real) {
    using Real = decltype(real);
    const int64_t T = args.tokens.shape[-1], C = args.y.shape[-1];
    const Gather<Real> g{data_of<Real>(args.y),
                         data_of<int32_t>(args.tokens),
                         data_of<Real>(args.token_table),
                         data_of<Real>(args.position_table),
                         data_of<int64_t>(args.position),
                         args.position.elements() > 1 ? 1 : 0,
                         data_of<int32_t>(args.starts),
                         args.tokens.elements() / T,
                         T,
                         C};
    const bool packs = rows_in_packs<Real>(C, g.y, g.token_table, g.position_table);
    const int64_t threads = T * C / (packs ? kPack<Real> : 1);
    launch(stream, packs ? embedding_forward_kernel<Real, kPack<Real>> : embedding_forward_kernel<Real, 1>,
           dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads)),
                static_cast<unsigned>(ceil_div(g.B, kSamplesPerThread))),
           kThreads, 0, g);
  });
}

}  // namespace convoy::cuda
