// Attention backward on tensor cores, first launch: dq, and delta = rowsum(dy * y) for the second. bf16, D = 64 or 128.
//
//   p = 2^(scale log2(e) q k^T - log2 of the row's sum),  dp = dy v^T,  ds = p (dp - delta),  dq = scale ds k
//
// The shape of the forward kernel: a block has a tile of queries and of dy in shared memory, keys and values pass by in
// tiles, the next one copied while this one is computed. Products are taken 32 keys at a time, so that both scores and
// dp of 16 queries stay in registers beside dq.
//
// Counters of the virtual GPU, causal, T = 512: no bank conflicts, every sector that is copied or stored is used whole,
// 0.54 (D = 64) and 0.79 (D = 128) shared accesses and 6.6 and 6.0 PTX instructions per product of 16 x 8 x 16.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/tensor_core_masks.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {
namespace {

using Bf16 = __nv_bfloat16;

struct Arguments {
  AttentionExtents extents;
  TileOrder order;
  HeadsView<Bf16> dq;
  HeadsView<const Bf16> dy, y, q, k, v;
  const float* logsumexp;
  float* delta;
  ProbabilityDropout dropout;
};

template <int kD>
struct QueryTiles {
  static constexpr int kRowTiles = kD == 64 ? 2 : 1, kWarps = kD == 64 ? 4 : 8, kKeys = kD == 64 ? 64 : 32;
  static constexpr int kStep = 32;  // keys at a time
};

template <int kD, bool kDropout, bool kBanded>
class BackwardQueriesBlock {
  using Tiles = QueryTiles<kD>;
  static constexpr int kRowTiles = Tiles::kRowTiles, kKeys = Tiles::kKeys, kStep = Tiles::kStep;
  using Scores = Sums<kRowTiles, kStep / 8>;

 public:
  static constexpr int kThreads = 32 * Tiles::kWarps, kWarpQueries = 16 * kRowTiles;
  static constexpr int kQueries = kWarpQueries * Tiles::kWarps;
  static constexpr int kTileBytes = (2 * kQueries + 4 * kKeys) * kD * 2;
  static constexpr int kSharedBytes = kTileBytes + (kBanded ? kQueries * 4 : 0);  // tiles, first keys of queries

  __device__ BackwardQueriesBlock(const Arguments& arguments, unsigned char* shared)
      : a(arguments),
        queries_tile(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
        keys_tiles(queries_tile.rows_from(2 * kQueries)),
        first_keys(reinterpret_cast<int*>(shared + kTileBytes)) {
    const TileOrder::Place place = a.order.place();
    q0 = (a.order.tiles - 1 - place.rank) * kQueries;
    sample = place.head / a.extents.H;
    head = place.head % a.extents.H;
    warp_q0 = q0 + static_cast<int>(threadIdx.x) / 32 * kWarpQueries;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    const int keys_end = x.keys_seen(min(q0 + kQueries, x.Tq)), tiles = (keys_end + kKeys - 1) / kKeys;
    const int queries_left = x.Tq - q0, first_tile = load_first_keys();
    start_copy<kD, kQueries, kThreads>(queries_tile, a.q.at(sample, q0, head, kD), a.q.token_stride, queries_left);
    start_copy<kD, kQueries, kThreads>(dy_tile(), a.dy.at(sample, q0, head, kD), a.dy.token_stride, queries_left);
    if (first_tile < tiles) start_keys(first_tile);
    dq.clear();
    if constexpr (kDropout) dropout_rows.start(a.dropout, (int64_t{sample} * x.H + head) * x.Tq + warp_q0);
    for (int tile = first_tile; tile < max(tiles, first_tile + 1); ++tile) {
      wait_for_copies();
      __syncthreads();  // the tile is there, and nobody reads the one before it
      if (tile == first_tile) load_row_values();
      if (tile + 1 < tiles) start_keys(tile + 1);
      for (int step = 0; step < kKeys && tile < tiles; step += kStep)
        if (tile * kKeys + step <= warp_q0 + kWarpQueries - 1 + x.shift && !is_hidden(tile * kKeys + step))
          add_keys(tile, step);
    }
    store_rows(a.dq.at(sample, warp_q0, head, kD), a.dq.token_stride, x.Tq - warp_q0, warp_rows(queries_tile), dq,
               [&](int, int) { return x.scale; });
  }

 private:
  __device__ const int* warp_first_keys() const { return first_keys + (warp_q0 - q0); }
  // Returns the first tile of which a query sees a key.
  __device__ int load_first_keys() {
    if constexpr (kBanded) {
      for (int i = static_cast<int>(threadIdx.x); i < kQueries; i += kThreads)
        first_keys[i] = a.extents.first_key_of(sample, q0 + i, a.extents.shift);
      __syncthreads();
      return first_keys[0] / kKeys;
    } else {
      return 0;
    }
  }
  // Does every key of the step from k0 on lie before what the warp's queries see?
  __device__ bool is_hidden(int k0) const {
    if constexpr (kBanded)
      return k0 + kStep <= warp_first_keys()[0];
    else
      return false;
  }

  __device__ SwizzledTile<kD> dy_tile() const { return queries_tile.rows_from(kQueries); }
  __device__ SwizzledTile<kD> warp_rows(SwizzledTile<kD> tile) const { return tile.rows_from(warp_q0 - q0); }
  __device__ SwizzledTile<kD> keys_of(int tile) const { return keys_tiles.rows_from(tile % 2 * 2 * kKeys); }
  __device__ SwizzledTile<kD> values_of(int tile) const { return keys_of(tile).rows_from(kKeys); }

  __device__ void start_keys(int tile) {
    const int k0 = tile * kKeys, key_head = head / a.extents.heads_per_key_head(), existing = a.extents.Tk - k0;
    start_copy<kD, kKeys, kThreads>(keys_of(tile), a.k.at(sample, k0, key_head, kD), a.k.token_stride, existing);
    start_copy<kD, kKeys, kThreads>(values_of(tile), a.v.at(sample, k0, key_head, kD), a.v.token_stride, existing);
  }

  // delta of the warp's queries, written for the second launch, and logsumexp in powers of two. A row without a key, or
  // that does not exist, gets infinity: its probabilities are zero.
  __device__ void load_row_values() {
    const AttentionExtents& x = a.extents;
    const int64_t first = (int64_t{sample} * x.H + head) * x.Tq;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int i = warp_q0 + 16 * r + 8 * half + fragment_row();
        const bool exists = i < x.Tq;
        const float sum = dot_of_row(i, exists), log_sum = exists ? a.logsumexp[first + i] : -INFINITY;
        if (exists && threadIdx.x % 4 == 0) a.delta[first + i] = sum;
        delta[r][half] = sum;
        log2_sum[r][half] = log_sum == -INFINITY ? INFINITY : log_sum * kLog2E;
      }
  }
  // Four lanes share a row, each takes every fourth piece of 16 bytes; odd rows begin with the second four, so that the
  // eight lanes of two rows read from different banks.
  __device__ float dot_of_row(int i, bool exists) const {
    const Bf16* y_row = a.y.at(sample, exists ? i : q0, head, kD);
    float sum = 0;
#pragma unroll
    for (int step = 0; step < kD / 32; ++step) {
      const int piece = 4 * (step ^ (i & 1)) + static_cast<int>(threadIdx.x) % 4;
      const Pack<Bf16> left = load_pack(y_row + 8 * piece), right = load_shared_pack(dy_tile().piece(i - q0, piece));
      for (int e = 0; e < 8; ++e) sum = fmaf(left.get(e), right.get(e), sum);
    }
    sum += __shfl_xor_sync(kAllLanes, sum, 1);
    return sum + __shfl_xor_sync(kAllLanes, sum, 2);
  }

  __device__ void add_keys(int tile, int step) {
    const AttentionExtents& x = a.extents;
    const int k0 = tile * kKeys + step;
    Scores p, ds;
    p.clear();
    ds.clear();
    add_product(p, warp_rows(queries_tile), keys_of(tile).rows_from(step));
    add_product(ds, warp_rows(dy_tile()), values_of(tile).rows_from(step));
    if (k0 + kStep > min(x.Tk, warp_q0 + x.shift + 1)) hide_keys(p, warp_q0, k0, x.shift, x.Tk);
    if constexpr (kBanded)
      if (k0 < warp_first_keys()[kWarpQueries - 1]) hide_before(p, warp_first_keys(), k0);
    differentiate(p, ds, k0);
    add_weighted_rows(dq, ds, keys_of(tile).rows_from(step));
  }

  // ds: from dp.
  __device__ void differentiate(const Scores& scores, Scores& ds, int k0) const {
    const float to_base2 = a.extents.scale * kLog2E;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int n = 0; n < kStep / 8; ++n) {
        uint32_t kept = 15;
        if constexpr (kDropout) kept = dropout_rows.kept(a.dropout, r, k0 + 8 * n);
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float p = fast_exp2(fmaf(scores.at[r][n][e], to_base2, -log2_sum[r][e / 2]));
          float dp = ds.at[r][n][e];
          if constexpr (kDropout) dp = (kept >> e & 1) != 0 ? dp * a.dropout.scale : 0.0f;
          ds.at[r][n][e] = p * (dp - delta[r][e / 2]);
        }
      }
  }

  const Arguments& a;
  SwizzledTile<kD> queries_tile, keys_tiles;
  int* first_keys;  // of the block's queries
  int q0, warp_q0, sample, head;
  Sums<kRowTiles, kD / 8> dq;
  float delta[kRowTiles][2], log2_sum[kRowTiles][2];
  QueryRowsDropout<kRowTiles> dropout_rows;
};

template <int kD, bool kDropout, bool kBanded>
__global__ __launch_bounds__(BackwardQueriesBlock<kD, kDropout, kBanded>::kThreads,
                             1) void attention_dq_tensor_core_kernel(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  BackwardQueriesBlock<kD, kDropout, kBanded>(arguments, shared).run();
}

template <int kD, bool kDropout, bool kBanded>
void enqueue(Stream& stream, const AttentionBackward& args, float* delta) {
  using Block = BackwardQueriesBlock<kD, kDropout, kBanded>;
  const AttentionShape& s = args.shape;
  const TileOrder order(ceil_div<int64_t>(s.Tq, Block::kQueries), s.B * s.H, s.Tk * kD * 4 / (s.H / s.Hkv));
  const Arguments arguments{AttentionExtents(s, args.starts), order,
                            HeadsView<Bf16>(args.dq),         HeadsView<const Bf16>(args.dy),
                            HeadsView<const Bf16>(args.y),    HeadsView<const Bf16>(args.q),
                            HeadsView<const Bf16>(args.k),    HeadsView<const Bf16>(args.v),
                            data_of<float>(args.logsumexp),   delta,
                            ProbabilityDropout(args.dropout)};
  launch_with_shared<attention_dq_tensor_core_kernel<kD, kDropout, kBanded>>(stream, order.blocks(), Block::kThreads,
                                                                             Block::kSharedBytes, arguments);
}

}  // namespace

void enqueue_backward_queries_tensor_core(Stream& stream, const AttentionBackward& args, float* delta) {
  for_tensor_core_instance(args.shape, args.dropout, args.starts, [&](auto size, auto dropout, auto banded) {
    enqueue<size, dropout, banded>(stream, args, delta);
  });
}

}  // namespace convoy::cuda
