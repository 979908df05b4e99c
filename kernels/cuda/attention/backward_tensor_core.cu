// Attention backward on tensor cores, second launch: dq, dk and dv. bf16, D = 64 or 128. Five products, after
// FlashAttention-2, arXiv:2307.08691, with keys as rows:
//
//   p^T = 2^(scale log2(e) k q^T - log2 of the query's sum),  dv = p^T dy,
//   dp^T = v dy^T,  ds^T = p^T (dp^T - delta),  dk = scale ds^T q,  dq = scale ds k
//
// A block has a tile of keys of one key head. Half of its warps hold keys in registers and make p and dv, the others
// hold values and make ds and dk: a warp needs one operand, its own sums and one tile of scores, so that it takes 64
// (D = 64) or 32 keys, and little is read twice. p goes from a warp to its partner through shared memory as bf16, ds
// comes to lie in its place, where all warps read it for dq. Queries and dy of all query heads of the group pass by in
// chunks, the next one copied while this one is computed: dk and dv are sums in one order. dq is summed in turns.
//
// Counters of the virtual GPU, causal, T = 1024: no bank conflicts, 1.70 (D = 64) and 1.83 (D = 128) clocks of shared
// memory for each product of 16 x 8 x 16.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/backward_scores.h"
#include "kernels/cuda/attention/dq_piece.h"
#include "kernels/cuda/attention/tensor_core_masks.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {
namespace {

using Bf16 = __nv_bfloat16;

struct Arguments {
  AttentionExtents extents;
  TileOrder order;
  HeadsView<Bf16> dq, dk, dv;
  HeadsView<const Bf16> dy, q, k, v;
  const float* logsumexp;
  BackwardScratch scratch;
  ProbabilityDropout dropout;
};

// Where a block is; in shared memory, since registers are taken by sums.
struct BlockPlace {
  int key_tile, sample, key_head;
  int first_q0, end_q0;  // of queries: whole tiles of kTurnQueries
  int chunks;            // of all heads
};

template <int kD, bool kDropout, bool kBanded>
class BackwardBlock {
  static constexpr int kRowTiles = 256 / kD, kWarpKeys = 16 * kRowTiles, kPairs = kBackwardKeys / kWarpKeys;
  static constexpr int kHalf = kWarpKeys / 2;        // of a warp's rows of keys or values
  static constexpr int kChunk = kD == 64 ? 64 : 32;  // queries copied at a time
  static constexpr int kChunks = kTurnQueries / kChunk, kStep = 16;
  static constexpr int kHeld = kD == 64 ? 3 : 2;  // of kRowTiles, in registers
  using Scores = Sums<kRowTiles, kStep / 8>;
  using Values = QueryValues<kChunk>;

 public:
  static constexpr int kThreads = 64 * kPairs, kKeys = kBackwardKeys;
  static constexpr int kTileBytes = (kKeys + kKeys / 2 + 4 * kChunk) * kD * 2 + BackwardExchange::kBytes;
  static constexpr int kSharedBytes = kTileBytes + 2 * int{sizeof(Values)} + int{sizeof(BlockPlace)};

  __device__ BackwardBlock(const Arguments& arguments, unsigned char* shared)
      : a(arguments),
        keys_tile(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
        query_values(reinterpret_cast<Values*>(shared + kTileBytes)),
        at(*reinterpret_cast<BlockPlace*>(query_values + 2)) {}

  __device__ void run() {
    if (threadIdx.x == 0) find_place();
    __syncthreads();
    start_copy<kD, kKeys, kThreads>(keys_tile, a.k.at(at.sample, at.key_tile * kKeys, at.key_head, kD),
                                    a.k.token_stride, a.extents.Tk - at.key_tile * kKeys);
    start_values();
    if (at.chunks > 0) start_chunk(0, at.key_head * a.extents.heads_per_key_head(), at.first_q0);
    sums.clear();
    wait_for_copies();
    __syncthreads();
    left.template load_rows<0, kRowTiles / 2>(left_rows(0));
#pragma unroll 1
    for (int chunk = 0; chunk < at.chunks;) {
      left.template load_rows<kRowTiles / 2, kHeld - kRowTiles / 2>(left_rows(1));  // so that dq has its registers
      do {
        wait_for_copies();
        __syncthreads();  // the chunk is there, and nobody reads the one before it, nor lower values, p or ds
        if (chunk + 1 < at.chunks) start_chunk_after(chunk);
#pragma unroll 1
        for (int step = 0; step < kChunk; step += kStep) add_queries(chunk % 2, step);
        ++chunk;
      } while (chunk % kChunks != 0);
      __syncthreads();  // ds of the whole tile of queries is there
      add_to_dq(query_values[(chunk - 1) % 2]);
    }
    __syncthreads();
    if (of_gradients())
      store(a.dk, keys_tile, a.extents.scale);
    else
      store(a.dv, exchange_rows(), a.dropout.scale);
  }

 private:
  __device__ void find_place() const {
    const TileOrder::Place place = a.order.place_of(atomicAdd(a.scratch.place, 1u));
    const AttentionExtents& x = a.extents;
    const DqTurnOrder turns(x, place.head / x.Hkv);
    at.key_tile = a.order.tiles - 1 - place.rank;
    at.sample = place.head / x.Hkv;
    at.key_head = place.head % x.Hkv;
    at.first_q0 = turns.first_query(at.key_tile);
    const int tiles = max(turns.end_query(at.key_tile) - at.first_q0 + kTurnQueries - 1, 0) / kTurnQueries;
    at.end_q0 = at.first_q0 + tiles * kTurnQueries;
    at.chunks = tiles * kChunks * x.heads_per_key_head();
  }
  __device__ static int pair() { return static_cast<int>(computed_here(threadIdx.x) / 32 % kPairs); }
  // Does the warp hold values and make ds and dk? Else it holds keys and makes p and dv.
  __device__ static bool of_gradients() { return computed_here(threadIdx.x) >= 32 * kPairs; }
  __device__ int warp_k0() const { return at.key_tile * kKeys + pair() * kWarpKeys; }

  // Shared memory: keys; p and ds, before them the lower halves of the warps' values; upper halves; two chunks.
  __device__ SwizzledTile<kD> exchange_rows() const { return keys_tile.rows_from(kKeys); }
  __device__ BackwardExchange exchange() const { return {exchange_rows().address}; }
  __device__ SwizzledTile<kD> lower_values() const { return exchange_rows(); }
  __device__ SwizzledTile<kD> upper_values() const { return {exchange_rows().address + BackwardExchange::kBytes}; }
  __device__ SwizzledTile<kD> queries_of(int buffer) const {
    return upper_values().rows_from(kKeys / 2 + buffer * 2 * kChunk);
  }
  __device__ SwizzledTile<kD> dy_of(int buffer) const { return queries_of(buffer).rows_from(kChunk); }

  // The warp's keys or values, `half` 0 or 1 of its rows.
  __device__ SwizzledTile<kD> left_rows(int half) const {
    const SwizzledTile<kD> rows = of_gradients()
                                      ? (half == 0 ? lower_values() : upper_values()).rows_from(pair() * kHalf)
                                      : keys_tile.rows_from(pair() * kWarpKeys + half * kHalf);
    return {computed_here(rows.address)};
  }
  __device__ void start_values() const {
#pragma unroll 1
    for (int half = 0; half < 2 * kPairs; ++half) {
      const int k0 = at.key_tile * kKeys + half * kHalf;
      start_copy<kD, kHalf, kThreads>((half % 2 == 0 ? lower_values() : upper_values()).rows_from(half / 2 * kHalf),
                                      a.v.at(at.sample, k0, at.key_head, kD), a.v.token_stride, a.extents.Tk - k0);
    }
  }

  __device__ void store(const HeadsView<Bf16>& to, SwizzledTile<kD> tile, float factor) const {
    store_rows(to.at(at.sample, warp_k0(), at.key_head, kD), to.token_stride, a.extents.Tk - warp_k0(),
               tile.rows_from(pair() * kWarpKeys), sums, [=](int, int) { return factor; });
  }

  __device__ void start_chunk_after(int chunk) const {
    const Values& before = query_values[chunk % 2];
    const bool same_head = before.q0 + kChunk < at.end_q0;
    start_chunk((chunk + 1) % 2, before.head + (same_head ? 0 : 1), same_head ? before.q0 + kChunk : at.first_q0);
  }
  __device__ void start_chunk(int buffer, int head, int q0) const {
    const AttentionExtents& x = a.extents;
    const int existing = x.Tq - q0, i = static_cast<int>(computed_here(threadIdx.x));
    const unsigned thread = computed_here(threadIdx.x);
    start_copy<kD, kChunk, kThreads>(queries_of(buffer), a.q.at(at.sample, q0, head, kD), a.q.token_stride, existing,
                                     thread);
    start_copy<kD, kChunk, kThreads>(dy_of(buffer), a.dy.at(at.sample, q0, head, kD), a.dy.token_stride, existing,
                                     thread);
    if (i >= kChunk) return;
    const int64_t row = (int64_t{at.sample} * x.H + head) * x.Tq + q0 + i;
    const float log_sum = i < existing ? a.logsumexp[row] : -INFINITY;
    Values& values = query_values[buffer];
    if (i == 0) {
      values.head = head;
      values.q0 = q0;
    }
    values.log2_sum[i] = log_sum == -INFINITY ? INFINITY : log_sum * kLog2E;  // no key or no query: p = 0
    values.delta[i] = i < existing ? a.scratch.delta[row] : 0.0f;
    if constexpr (kDropout) values.dropout_index[i] = a.dropout.index_of_row_in(at.sample, head * x.Tq + q0 + i);
    if constexpr (kBanded) values.first_key[i] = x.first_key_of(at.sample, q0 + i, x.shift);
  }

  // Does no query of the step see a key of the warp's?
  __device__ bool is_hidden(const Values& values, int q0, int step) const {
    if constexpr (kBanded)
      if (warp_k0() + kWarpKeys <= values.first_key[step]) return true;
    return warp_k0() > q0 + kStep - 1 + a.extents.shift;
  }

  // Queries [step, step + kStep) of the chunk.
  __device__ void add_queries(int buffer, int step) {
    const Values& values = query_values[buffer];
    const int q0 = values.q0 + step, piece = q0 % kTurnQueries / 8;
    if (is_hidden(values, q0, step)) {
      if (of_gradients()) exchange().clear<kRowTiles, kStep / 8>(pair() * kWarpKeys, piece);
      return;
    }
    uint32_t kept = 0;
    if constexpr (kDropout)
      if (!of_gradients()) kept = kept_bits<kRowTiles, kStep>(a.dropout, values, step, warp_k0());
    Scores scores;
    scores.clear();
    add_product(scores, left, left_rows(1).rows_from(16 * (kHeld - kRowTiles / 2)),
                (of_gradients() ? dy_of(buffer) : queries_of(buffer)).rows_from(step));
    if (of_gradients()) {
      wait_for_partner();
      differentiate<kDropout>(scores, values, step, a.dropout.scale, exchange(), pair() * kWarpKeys, piece);
    } else {
      hide(scores, values, q0, step);
      make_probabilities<kDropout>(scores, values, step, a.extents.scale * kLog2E, kept, exchange(), pair() * kWarpKeys,
                                   piece);
      wait_for_partner();
    }
    add_weighted_rows(sums, scores, (of_gradients() ? queries_of(buffer) : dy_of(buffer)).rows_from(step));
  }
  __device__ void wait_for_partner() const { asm volatile("bar.sync %0, 64;" ::"r"(1 + pair()) : "memory"); }

  __device__ void hide(Scores& scores, const Values& values, int q0, int step) const {
    const int shift = a.extents.shift;
    if (warp_k0() + kWarpKeys - 1 > q0 + shift) hide_from_queries(scores, warp_k0(), q0, shift);
    if (warp_k0() + kWarpKeys > a.extents.Tk) hide_absent_keys(scores, warp_k0(), a.extents.Tk);
    if constexpr (kBanded)
      if (warp_k0() < values.first_key[step + kStep - 1])
        hide_before_queries(scores, values.first_key + step, warp_k0());
  }

  __device__ void add_to_dq(const Values& values) const {
    const AttentionExtents& x = a.extents;
    const int head = values.head, tile = values.q0 / kTurnQueries;
    const DqTurnOrder turns(x, at.sample);
    DqPiece<kD> piece;
    const int seen = x.keys_seen(min((tile + 1) * kTurnQueries, x.Tq)) - at.key_tile * kKeys;
    piece.multiply(exchange(), keys_tile, min(seen, kKeys));
    const int64_t index = (int64_t{at.sample} * x.H + head) * a.scratch.tiles + tile;
    if (piece.take_turn(a.scratch, index, turns.turn(at.key_tile, tile), turns.is_last(at.key_tile, tile)))
      piece.store(a.dq.at(at.sample, tile * kTurnQueries, head, kD), a.dq.token_stride, x.Tq - tile * kTurnQueries,
                  x.scale);
  }

  const Arguments& a;
  const SwizzledTile<kD> keys_tile;
  Values* const query_values;
  BlockPlace& at;
  LeftOperand<kD, kHeld> left;
  Sums<kRowTiles, kD / 8> sums;
};

template <int kD, bool kDropout, bool kBanded>
__global__ __launch_bounds__(
    BackwardBlock<kD, kDropout, kBanded>::kThreads,
    1) void attention_backward_tensor_core_kernel(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  BackwardBlock<kD, kDropout, kBanded>(arguments, shared).run();
}

template <int kD, bool kDropout, bool kBanded>
void enqueue(Stream& stream, const AttentionBackward& args, const BackwardScratch& scratch) {
  using Block = BackwardBlock<kD, kDropout, kBanded>;
  static_assert(Block::kSharedBytes <= 99 * 1024 - 256);
  const AttentionShape& s = args.shape;
  const TileOrder order(ceil_div<int64_t>(s.Tk, Block::kKeys), s.B * s.Hkv, s.Tq * kD * 8 * (s.H / s.Hkv));
  const Arguments arguments{AttentionExtents(s, args.starts),
                            order,
                            HeadsView<Bf16>(args.dq),
                            HeadsView<Bf16>(args.dk),
                            HeadsView<Bf16>(args.dv),
                            HeadsView<const Bf16>(args.dy),
                            HeadsView<const Bf16>(args.q),
                            HeadsView<const Bf16>(args.k),
                            HeadsView<const Bf16>(args.v),
                            data_of<float>(args.logsumexp),
                            scratch,
                            ProbabilityDropout(args.dropout)};
  launch_with_shared<attention_backward_tensor_core_kernel<kD, kDropout, kBanded>>(
      stream, order.blocks(), Block::kThreads, Block::kSharedBytes, arguments);
}

}  // namespace

void enqueue_backward_tensor_core(Stream& stream, const AttentionBackward& args, const Tensor& memory) {
  const BackwardScratch scratch(args.shape, memory.data);
  enqueue_row_dots(stream, args, scratch);
  for_tensor_core_instance(args.shape, args.dropout, args.starts, [&](auto size, auto dropout, auto banded) {
    enqueue<size, dropout, banded>(stream, args, scratch);
  });
}

size_t backward_tensor_core_scratch_bytes(const AttentionShape& shape) { return BackwardScratch::bytes(shape); }

}  // namespace convoy::cuda
