// Gradients of the embedding tables without atomics, in an order fixed by the tokens.
//
//   1. positions are sorted by token: token_order.h
//   2. the run of a frequent token (a space among characters) is cut into pieces of kPiece places and more. A warp sums
//      a slice of channels of a piece, so that what is frequent is spread over all multiprocessors.
//   3. the warp at the first place of a token adds the rows of all its places, or the sums of its pieces, to its row of
//      the table. Where there are many, the warps of a block share them and add up in order.
//   4. a thread adds its channels of one position over the batch; where documents have positions of their own, these
//      are sorted and added as tokens are
#include <algorithm>
#include <utility>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/token_order.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kGroups = 2;    // of kWidth channels that a lane sums: independent loads
constexpr int kFewRows = 32;  // that one warp adds up alone
constexpr int kPiece = 64;    // places; the last piece of a run has up to 2 kPiece - 1
constexpr int kAligned = 4;   // channels an access: 16 bytes of a table's f32

template <class Real>
struct Scatter {
  float* table;
  const Real* dy;
  TokenOrder order;
  int C;
  float* pieces;  // (N / kPiece rounded up, C): sums of their rows
};

// The rows that are added to the table for a run: of its places, or of its pieces if it has any. A piece has a multiple
// of kPiece among its entries, and its row is the first of them / kPiece: no other piece has that.
__device__ inline int pieces_of(const TokenOrder::Run& run) { return run.count / kPiece; }
__device__ inline int rows_of(const TokenOrder::Run& run) { return run.count < kPiece ? run.count : pieces_of(run); }
__device__ inline int first_piece_row(const TokenOrder::Run& run) { return (run.begin + kPiece - 1) / kPiece; }

__global__ void __launch_bounds__(kChunk) sort_tokens_kernel(TokenKey* keys, const int32_t* tokens, int N) {
  __shared__ TokenKey shared[kChunk];
  const int n = static_cast<int>(blockIdx.x * kChunk + threadIdx.x);
  const TokenKey key = sorted_over_block(n < N ? token_key(tokens[n], n) : ~TokenKey{0}, shared);
  if (n < N) keys[n] = key;  // those beyond N are the largest
}

// The same of positions within documents.
__global__ void __launch_bounds__(kChunk) sort_positions_kernel(TokenKey* keys, const int32_t* starts, int T, int N) {
  __shared__ TokenKey shared[kChunk];
  const int n = static_cast<int>(blockIdx.x * kChunk + threadIdx.x);
  const TokenKey key = sorted_over_block(n < N ? token_key(n % T - starts[n], n) : ~TokenKey{0}, shared);
  if (n < N) keys[n] = key;
}

__global__ void __launch_bounds__(kThreads) merge_kernel(TokenKey* merged, const TokenKey* keys, int N, int width) {
  const int n = static_cast<int>(blockIdx.x * kThreads + threadIdx.x);
  if (n < N) merged[merged_place(keys, n, N, width)] = keys[n];
}

// A lane's share of the sum of a token's rows, in one slice of channels.
template <int kWidth>
struct RowSum {
  static constexpr int kSlice = kGroups * 32 * kWidth;  // channels
  int slice;
  float sum[kGroups][kWidth] = {};

  // The lane's first channel of group g.
  __device__ int channel(int g) const {
    return ((slice * kGroups + g) * 32 + static_cast<int>(threadIdx.x) % 32) * kWidth;
  }

  template <class Real>
  __device__ void add_row(const Real* rows, uint32_t n, int C) {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= C) continue;
      const Elements<Real, kWidth> row(rows + int64_t{n} * C + channel(g));
      for (int i = 0; i < kWidth; ++i) sum[g][i] += row.get(i);
    }
  }

  // kAdds: to what the row holds; else in its place.
  template <bool kAdds>
  __device__ void store(float* row, int C) const {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= C) continue;
      Elements<float, kWidth> total;
      if constexpr (kAdds) total = Elements<float, kWidth>(row + channel(g));
      for (int i = 0; i < kWidth; ++i) total.set(i, total.get(i) + sum[g][i]);
      total.store(row + channel(g));
    }
  }
};

// A token, by the entry of its first place in a part.
struct Token {
  int entry, part;
  int32_t token;

  __device__ Token(const TokenOrder& order, int entry)
      : entry(entry), part(entry / kPart), token(token_of(order.keys[entry])) {}

  // body(run) for the runs in parts from `first` on, in order; lanes search a part each.
  template <class Body>
  __device__ void for_runs(const TokenOrder& order, int first, const Body& body) const {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    for (; first < order.parts(); first += 32) {
      const int mine = first + lane;
      TokenOrder::Run run{0, 0};
      if (mine < order.parts()) run = mine == part ? order.run_from(entry, part, token) : order.run(mine, token);
      for (unsigned found = __ballot_sync(kAllLanes, run.count > 0); found != 0; found &= found - 1) {
        const int from = __ffs(static_cast<int>(found)) - 1;
        body(TokenOrder::Run{__shfl_sync(kAllLanes, run.begin, from), __shfl_sync(kAllLanes, run.count, from)});
      }
    }
  }

  // Rows first, first + stride and so on of each run.
  template <int kWidth, class Real>
  __device__ RowSum<kWidth> sum(const Scatter<Real>& s, int slice, int first, int stride) const {
    RowSum<kWidth> sum{slice};
    for_runs(s.order, part, [&](const TokenOrder::Run& run) {
      if (run.count < kPiece) {
#pragma unroll 4
        for (int i = first; i < run.count; i += stride)
          sum.add_row(s.dy, position_of(s.order.keys[run.begin + i]), s.C);
      } else {
        const int end = first_piece_row(run) + pieces_of(run);
#pragma unroll 4
        for (int row = first_piece_row(run) + first; row < end; row += stride)
          sum.add_row(s.pieces, static_cast<uint32_t>(row), s.C);
      }
    });
    return sum;
  }
};

// Rows to add to the table for the token of the entry, if the entry is its first place of all; 0 for other places.
__device__ inline int rows_from(const TokenOrder& order, int entry) {
  if (entry >= order.N) return 0;
  const Token token(order, entry);
  if (entry % kPart != 0 && token_of(order.keys[entry - 1]) == token.token) return 0;
  int before = 0, rows = 0;
  token.for_runs(order, 0, [&](const TokenOrder::Run& run) { (run.begin < entry ? before : rows) += rows_of(run); });
  return before == 0 ? rows : 0;
}

// A warp sums a slice of channels of the piece that has this row, if there is one.
template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads) embedding_pieces_kernel(Scatter<Real> s, int slices) {
  const int warp = static_cast<int>((blockIdx.x * kThreads + threadIdx.x) / 32), row = warp / slices;
  if (row * kPiece >= s.order.N) return;
  const TokenKey* keys = s.order.keys;
  const TokenOrder::Run run = s.order.run(row * kPiece / kPart, token_of(keys[row * kPiece]));
  const int piece = row - first_piece_row(run);
  if (piece >= pieces_of(run)) return;
  const int begin = run.begin + piece * kPiece;
  const int end = piece + 1 < pieces_of(run) ? begin + kPiece : run.begin + run.count;
  RowSum<kWidth> sum{warp % slices};
#pragma unroll 8
  for (int entry = begin; entry < end; ++entry) sum.add_row(s.dy, position_of(keys[entry]), s.C);
  sum.template store<false>(s.pieces + int64_t{row} * s.C, s.C);
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads, 4) embedding_tokens_kernel(Scatter<Real> s) {
  __shared__ bool many[kWarps];
  __shared__ float shared[kGroups * kWidth][kWarps][32];
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int first_entry = static_cast<int>(blockIdx.x) * kWarps, entry = first_entry + warp;
  const int rows = rows_from(s.order, entry), slices = (s.C - 1) / RowSum<kWidth>::kSlice + 1;
  const auto row_of = [&s](const Token& token) { return s.table + int64_t{token.token} * s.C; };
  if (rows > 0 && rows <= kFewRows) {
    const Token token(s.order, entry);
    for (int slice = 0; slice < slices; ++slice)
      token.template sum<kWidth>(s, slice, 0, 1).template store<true>(row_of(token), s.C);
  }
  if (lane == 0) many[warp] = rows > kFewRows;
  __syncthreads();
  for (int turn = 0; turn < kWarps * slices; ++turn) {
    if (!many[turn / slices]) continue;
    const Token token(s.order, first_entry + turn / slices);
    RowSum<kWidth> mine = token.template sum<kWidth>(s, turn % slices, warp, kWarps);
    for (int k = 0; k < kGroups * kWidth; ++k) shared[k][warp][lane] = mine.sum[k / kWidth][k % kWidth];
    __syncthreads();
    if (warp == 0) {
      for (int k = 0; k < kGroups * kWidth; ++k)
        for (int other = 1; other < kWarps; ++other) mine.sum[k / kWidth][k % kWidth] += shared[k][other][lane];
      mine.template store<true>(row_of(token), s.C);
    }
    __syncthreads();
  }
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads)
    embedding_positions_kernel(float* table, const Real* dy, int64_t B, int64_t row_elements) {
  const int64_t i = (blockIdx.x * int64_t{kThreads} + threadIdx.x) * kWidth;
  if (i >= row_elements) return;
  Elements<float, kWidth> total(table + i);
#pragma unroll 4
  for (int64_t b = 0; b < B; ++b) {
    const Elements<Real, kWidth> row(dy + b * row_elements + i);
    for (int k = 0; k < kWidth; ++k) total.set(k, total.get(k) + row.get(k));
  }
  total.store(table + i);
}

// Merges the sorted chunks of `keys`, to and fro between there and N more behind them.
const TokenKey* merged_keys(Stream& stream, TokenKey* keys, int N) {
  TokenKey* other = keys + N;
  for (int width = kChunk; width < std::min(N, kPart); width *= kMerged) {
    launch(stream, merge_kernel, static_cast<unsigned>(ceil_div(N, kThreads)), kThreads, 0, other, keys, N, width);
    std::swap(keys, other);
  }
  return keys;
}

// Adds the rows of dy to those of the table that the sorted keys name.
template <class Real, int kWidth>
void add_rows(Stream& stream, const Scatter<Real>& scatter) {
  const int N = scatter.order.N, slices = ceil_div(scatter.C, RowSum<kWidth>::kSlice);
  if (N >= kPiece)
    launch(stream, embedding_pieces_kernel<Real, kWidth>,
           static_cast<unsigned>(ceil_div(ceil_div(N, kPiece) * slices, kWarps)), kThreads, 0, scatter, slices);
  launch(stream, embedding_tokens_kernel<Real, kWidth>, static_cast<unsigned>(ceil_div(N, kWarps)), kThreads, 0,
         scatter);
}

template <class Real>
void enqueue(Stream& stream, const EmbeddingBackward& args, const Tensor& scratch) {
  const int64_t C = args.dy.shape[-1];
  const auto N = static_cast<int>(args.tokens.elements()), T = static_cast<int>(args.tokens.shape[-1]);
  const Real* dy = data_of<Real>(args.dy);
  auto* keys = data_of<TokenKey>(scratch);
  auto* pieces = reinterpret_cast<float*>(keys + 2 * int64_t{N});
  float *tokens = data_of<float>(args.dtoken_table), *positions = data_of<float>(args.dposition_table);
  const bool aligned = C % kAligned == 0 && aligned_16(tokens, positions, dy, pieces);
  const int width = aligned ? kAligned : 1;
  const auto chunks = static_cast<unsigned>(ceil_div(N, kChunk));
  const auto add_to = [&](float* table) {
    const Scatter<Real> scatter{table, dy, {merged_keys(stream, keys, N), N}, static_cast<int>(C), pieces};
    aligned ? add_rows<Real, kAligned>(stream, scatter) : add_rows<Real, 1>(stream, scatter);
  };
  if (tokens != nullptr) {
    launch(stream, sort_tokens_kernel, chunks, kChunk, 0, keys, data_of<int32_t>(args.tokens), N);
    add_to(tokens);
  }
  if (positions == nullptr) return;
  if (args.starts) {
    launch(stream, sort_positions_kernel, chunks, kChunk, 0, keys, data_of<int32_t>(args.starts), T, N);
    return add_to(positions);
  }
  launch(stream, aligned ? embedding_positions_kernel<Real, kAligned> : embedding_positions_kernel<Real, 1>,
         static_cast<unsigned>(ceil_div<int64_t>(T * C / width, kThreads)), kThreads, 0, positions, dy, N / T, T * C);
}

}  // namespace

void embedding_backward(Stream& stream, const EmbeddingBackward& args, const Tensor& scratch) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, scratch); });
}

size_t embedding_backward_scratch_bytes(const EmbeddingBackward& args) {
  const int64_t N = args.tokens.elements(), C = args.dy.shape[-1];
  return static_cast<size_t>(2 * N) * sizeof(TokenKey) +
         static_cast<size_t>(ceil_div<int64_t>(N, kPiece) * C) * sizeof(float);
}

}  // namespace convoy::cuda
