// Gradients of the embedding tables without atomics, in an order fixed by the tokens.
//
//   1. positions are sorted by token in chunks: token_order.h
//   2. the warp at the first place of a token adds the rows of all its places, chunk by chunk, to the token's row of
//   the
//      table. Where there are many (a space among characters), the warps of a block share them and add up in order.
//   3. a thread adds its channels of one position over the batch; where documents have positions of their own, these
//      are sorted and added as tokens are
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/token_order.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256, kWarps = kThreads / 32;
constexpr int kGroups = 2;      // of kWidth channels that a lane sums: independent loads
constexpr int kFewPlaces = 32;  // that one warp adds up alone
constexpr int kAligned = 4;     // channels an access: 16 bytes of a table's f32

template <class Real>
struct Scatter {
  float* table;
  const Real* dy;
  TokenOrder order;
  int C;
};

__global__ void __launch_bounds__(kChunk) sort_tokens_kernel(TokenKey* keys, const int32_t* tokens, int64_t N) {
  __shared__ TokenKey shared[kChunk];
  const int64_t n = blockIdx.x * int64_t{kChunk} + threadIdx.x;
  const TokenKey key = sorted_over_block(n < N ? token_key(tokens[n], n) : ~TokenKey{0}, shared);
  if (n < N) keys[n] = key;  // those beyond N are the largest
}

// The same of positions within documents.
__global__ void __launch_bounds__(kChunk)
    sort_positions_kernel(TokenKey* keys, const int32_t* starts, int64_t T, int64_t N) {
  __shared__ TokenKey shared[kChunk];
  const int64_t n = blockIdx.x * int64_t{kChunk} + threadIdx.x;
  const TokenKey key =
      sorted_over_block(n < N ? token_key(static_cast<int32_t>(n % T) - starts[n], n) : ~TokenKey{0}, shared);
  if (n < N) keys[n] = key;
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
  __device__ void add_row(const Scatter<Real>& s, uint32_t position) {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= s.C) continue;
      const Elements<Real, kWidth> row(s.dy + int64_t{position} * s.C + channel(g));
      for (int i = 0; i < kWidth; ++i) sum[g][i] += row.get(i);
    }
  }

  __device__ void add_to_table(float* row, int C) const {
#pragma unroll
    for (int g = 0; g < kGroups; ++g) {
      if (channel(g) >= C) continue;
      Elements<float, kWidth> total(row + channel(g));
      for (int i = 0; i < kWidth; ++i) total.set(i, total.get(i) + sum[g][i]);
      total.store(row + channel(g));
    }
  }
};

// body(run) for the token's runs in chunks [first, end), in order; lanes search a chunk each.
template <class Body>
__device__ inline void for_runs(const TokenOrder& order, int32_t token, int first, int end, const Body& body) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int chunk = first; chunk < end; chunk += 32) {
    TokenOrder::Run mine{0, 0};
    if (chunk + lane < end) mine = order.run(chunk + lane, token);
    for (unsigned found = __ballot_sync(kAllLanes, mine.count > 0); found != 0; found &= found - 1) {
      const int from = __ffs(static_cast<int>(found)) - 1;
      body(TokenOrder::Run{__shfl_sync(kAllLanes, mine.begin, from), __shfl_sync(kAllLanes, mine.count, from)});
    }
  }
}

// What a block's warps do for the token at `entry`: its rows in the table and in dy.
template <class Real>
struct Token {
  int32_t token;
  int chunk;  // of its first place
  float* row;

  __device__ Token(const Scatter<Real>& s, int64_t entry)
      : token(token_of(s.order.keys[entry])),
        chunk(static_cast<int>(entry / kChunk)),
        row(s.table + int64_t{token} * s.C) {}

  // Rows first, first + stride and so on of each run.
  template <int kWidth>
  __device__ RowSum<kWidth> sum(const Scatter<Real>& s, int slice, int first, int stride) const {
    RowSum<kWidth> sum{slice};
    for_runs(s.order, token, chunk, s.order.chunks(), [&](const TokenOrder::Run& run) {
#pragma unroll 4
      for (int i = first; i < run.count; i += stride) sum.add_row(s, position_of(s.order.keys[run.begin + i]));
    });
    return sum;
  }
};

// How often the token of the entry stands anywhere, if the entry is its first place of all; 0 for other places.
__device__ inline int places_from(const TokenOrder& order, int64_t entry) {
  if (entry >= order.N) return 0;
  const int chunk = static_cast<int>(entry / kChunk);
  const int32_t token = token_of(order.keys[entry]);
  if (entry % kChunk != 0 && token_of(order.keys[entry - 1]) == token) return 0;
  int before = 0, places = 0;
  for_runs(order, token, 0, order.chunks(),
           [&](const TokenOrder::Run& run) { (run.begin < int64_t{chunk} * kChunk ? before : places) += run.count; });
  return before == 0 ? places : 0;
}

template <class Real, int kWidth>
__global__ void __launch_bounds__(kThreads, 4) embedding_tokens_kernel(Scatter<Real> s) {
  __shared__ bool many[kWarps];
  __shared__ float shared[kGroups * kWidth][kWarps][32];
  const int warp = static_cast<int>(threadIdx.x) / 32, lane = static_cast<int>(threadIdx.x) % 32;
  const int64_t first_entry = blockIdx.x * int64_t{kWarps}, entry = first_entry + warp;
  const int places = places_from(s.order, entry), slices = (s.C - 1) / RowSum<kWidth>::kSlice + 1;
  if (places > 0 && places <= kFewPlaces) {
    const Token<Real> token(s, entry);
    for (int slice = 0; slice < slices; ++slice)
      token.template sum<kWidth>(s, slice, 0, 1).add_to_table(token.row, s.C);
  }
  if (lane == 0) many[warp] = places > kFewPlaces;
  __syncthreads();
  for (int turn = 0; turn < kWarps * slices; ++turn) {
    if (!many[turn / slices]) continue;
    const Token<Real> token(s, first_entry + turn / slices);
    RowSum<kWidth> mine = token.template sum<kWidth>(s, turn % slices, warp, kWarps);
    for (int k = 0; k < kGroups * kWidth; ++k) shared[k][warp][lane] = mine.sum[k / kWidth][k % kWidth];
    __syncthreads();
    if (warp == 0) {
      for (int k = 0; k < kGroups * kWidth; ++k)
        for (int other = 1; other < kWarps; ++other) mine.sum[k / kWidth][k % kWidth] += shared[k][other][lane];
      mine.add_to_table(token.row, s.C);
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

// Adds the rows of dy to those of the table that the sorted keys name.
template <class Real>
void add_rows(Stream& stream, const Scatter<Real>& scatter, bool aligned) {
  launch(stream, aligned ? embedding_tokens_kernel<Real, kAligned> : embedding_tokens_kernel<Real, 1>,
         static_cast<unsigned>(ceil_div<int64_t>(scatter.order.N, kWarps)), kThreads, 0, scatter);
}

template <class Real>
void enqueue(Stream& stream, const EmbeddingBackward& args, const Tensor& scratch) {
  const int64_t N = args.tokens.elements(), T = args.tokens.shape[-1], C = args.dy.shape[-1];
  const Real* dy = data_of<Real>(args.dy);
  auto* keys = data_of<TokenKey>(scratch);
  float *tokens = data_of<float>(args.dtoken_table), *positions = data_of<float>(args.dposition_table);
  const bool aligned = C % kAligned == 0 && aligned_16(tokens, positions, dy);
  const int width = aligned ? kAligned : 1;
  const auto chunks = static_cast<unsigned>(ceil_div<int64_t>(N, kChunk));
  if (tokens != nullptr) {
    launch(stream, sort_tokens_kernel, chunks, kChunk, 0, keys, data_of<int32_t>(args.tokens), N);
    add_rows(stream, Scatter<Real>{tokens, dy, {keys, N}, static_cast<int>(C)}, aligned);
  }
  if (positions == nullptr) return;
  if (args.starts) {
    launch(stream, sort_positions_kernel, chunks, kChunk, 0, keys, data_of<int32_t>(args.starts), T, N);
    return add_rows(stream, Scatter<Real>{positions, dy, {keys, N}, static_cast<int>(C)}, aligned);
  }
  launch(stream, aligned ? embedding_positions_kernel<Real, kAligned> : embedding_positions_kernel<Real, 1>,
         static_cast<unsigned>(ceil_div<int64_t>(T * C / width, kThreads)), kThreads, 0, positions, dy, N / T, T * C);
}

}  // namespace

void embedding_backward(Stream& stream, const EmbeddingBackward& args, const Tensor& scratch) {
  for_real(args.dy.dtype, [&](auto real) { enqueue<decltype(real)>(stream, args, scratch); });
}

size_t embedding_backward_scratch_bytes(const EmbeddingBackward& args) {
  return static_cast<size_t>(args.tokens.elements()) * sizeof(TokenKey);
}

}  // namespace convoy::cuda
