// Attention backward on tensor cores, first launch: delta = rowsum(dy * y), and zeros for what the second counts with.
// bf16, D = 64 or 128. A block has one head's tile of queries; D / 8 lanes share a row.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/dq_turns.h"
#include "kernels/cuda/attention/views.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

using Bf16 = __nv_bfloat16;
constexpr int kThreads = 256;

struct Arguments {
  BackwardScratch scratch;
  HeadsView<const Bf16> dy, y;
  int Tq, H;
};

template <int kD>
__global__ __launch_bounds__(kThreads) void attention_row_dots_kernel(const __grid_constant__ Arguments a) {
  constexpr int kPieces = kD / 8, kRowsAtOnce = kThreads / kPieces;
  const int tile = static_cast<int>(blockIdx.x) % a.scratch.tiles, head_of_all = blockIdx.x / a.scratch.tiles;
  const int sample = head_of_all / a.H, head = head_of_all % a.H, piece = threadIdx.x % kPieces;
#pragma unroll
  for (int r = 0; r < kTurnQueries; r += kRowsAtOnce) {
    const int i = tile * kTurnQueries + r + static_cast<int>(threadIdx.x) / kPieces;
    const bool exists = i < a.Tq;
    float sum = 0;
    if (exists) {
      const Pack<Bf16> left = load_pack(a.y.at(sample, i, head, kD) + 8 * piece);
      const Pack<Bf16> right = load_pack(a.dy.at(sample, i, head, kD) + 8 * piece);
      for (int e = 0; e < 8; ++e) sum = fmaf(left.get(e), right.get(e), sum);
    }
    for (int lanes = kPieces / 2; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(kAllLanes, sum, lanes);
    if (exists && piece == 0) a.scratch.delta[int64_t{head_of_all} * a.Tq + i] = sum;
  }
  const int turn = static_cast<int>(threadIdx.x);
  if (turn < a.scratch.pieces) a.scratch.turns[int64_t{blockIdx.x} * a.scratch.pieces + turn] = 0;
  if (blockIdx.x == 0 && turn == 0) *a.scratch.place = 0;
}

}  // namespace

void enqueue_row_dots(Stream& stream, const AttentionBackward& args, const BackwardScratch& scratch) {
  const AttentionShape& s = args.shape;
  const Arguments arguments{scratch, HeadsView<const Bf16>(args.dy), HeadsView<const Bf16>(args.y),
                            static_cast<int>(s.Tq), static_cast<int>(s.H)};
  const auto blocks = static_cast<unsigned>(s.B * s.H * scratch.tiles);
  launch(stream, s.D == 64 ? attention_row_dots_kernel<64> : attention_row_dots_kernel<128>, blocks, kThreads, 0,
         arguments);
}

}  // namespace convoy::cuda
