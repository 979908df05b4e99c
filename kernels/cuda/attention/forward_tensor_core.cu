// Attention forward on tensor cores, after FlashAttention-2, Dao, arXiv:2307.08691: bf16, D = 64 or 128.
//
// A block computes a tile of queries of one head, a warp 16 or 32 of them. The queries lie in shared memory, keys and
// values pass by in tiles, the next one copied while this one is computed. Scores and probabilities live in
// registers alone: sums of one product are, rounded to bf16, the left operand of the next.
//
// Counters of the virtual GPU, causal, T = 512: no bank conflicts, every sector that is copied or stored is used whole,
// 0.42 (D = 64) and 0.54 (D = 128) shared accesses and 8.1 and 6.6 PTX instructions per product of 16 x 8 x 16;
// dropout's generator makes it 34.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/tensor_core_masks.h"
#include "kernels/cuda/attention/views.h"
#include "kernels/cuda/launch.h"

namespace convoy::cuda {
namespace {

using Bf16 = __nv_bfloat16;

// 32 queries a warp, since they read keys and values from shared memory half as often as 16 would; as many keys as
// registers then hold scores of. The generator of dropout's masks needs registers too, and far more time than products.
template <int kD, bool kDropout>
struct ForwardTiles {
  static constexpr bool kQueriesInRegisters = kD == 64 && !kDropout;
  static constexpr int kRowTiles = kDropout ? 1 : 2, kWarps = 8 / kRowTiles, kKeys = kQueriesInRegisters ? 64 : 32;
};

struct Arguments {
  AttentionExtents extents;
  TileOrder order;
  HeadsView<Bf16> y;
  HeadsView<const Bf16> q, k, v;
  float* logsumexp;
  ProbabilityDropout dropout;
};

// kBanded: some keys before a query are hidden from it, by a window or the begin of its document. kPrefix, which is
// banded too: it sees some behind it.
template <int kD, bool kDropout, bool kBanded, bool kPrefix>
class ForwardBlock {
  using Tiles = ForwardTiles<kD, kDropout>;
  static constexpr int kRowTiles = Tiles::kRowTiles, kKeys = Tiles::kKeys;

 public:
  static constexpr int kThreads = 32 * Tiles::kWarps, kWarpQueries = 16 * kRowTiles;
  static constexpr int kQueries = kWarpQueries * Tiles::kWarps;
  static constexpr int kTileBytes = (kQueries + 4 * kKeys) * kD * 2;
  // Tiles, then the keys that are seen, then of each query the first and the end.
  static constexpr int kSharedBytes =
      kTileBytes + int{sizeof(SeenKeys)} + (kBanded ? kQueries * 4 : 0) + (kPrefix ? kQueries * 4 : 0);

  __device__ ForwardBlock(const Arguments& arguments, uint32_t shared, const SeenKeys& keys)
      : a(arguments), seen(keys), queries_tile(shared), keys_tiles(shared + kQueries * kD * 2) {
    const TileOrder::Place place = a.order.place();
    q0 = (a.order.tiles - 1 - place.rank) * kQueries;
    sample = place.head / a.extents.H;
    head = place.head % a.extents.H;
    warp_q0 = q0 + static_cast<int>(threadIdx.x) / 32 * kWarpQueries;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    const int first_tile = load_first_keys();
    const int keys_end = end_of_block(), tiles = (keys_end + kKeys - 1) / kKeys;
    y.clear();
    for (int r = 0; r < kRowTiles; ++r)
      for (int half = 0; half < 2; ++half) largest[r][half] = -INFINITY, total[r][half] = 0;
    if constexpr (kDropout) dropout_rows.start(a.dropout, (int64_t{sample} * x.H + head) * x.Tq + warp_q0);
    if (first_tile < tiles) {
      start_copy<kD, kQueries, kThreads>(queries_tile, a.q.at(sample, q0, head, kD), a.q.token_stride, x.Tq - q0);
      start_keys(first_tile);
    }
    for (int tile = first_tile; tile < tiles; ++tile) {
      wait_for_copies();
      __syncthreads();  // the tile is there, and nobody reads the one before it
      if constexpr (Tiles::kQueriesInRegisters)
        if (tile == first_tile) queries.load(warp_queries());
      if (tile + 1 < tiles) start_keys(tile + 1);
      if (tile * kKeys < warp_end() && !is_hidden(tile)) add_keys(tile);
    }
    finish();
  }

 private:
  // Behind the keys that are seen.
  __device__ int* first_keys() const { return const_cast<int*>(reinterpret_cast<const int*>(&seen + 1)); }
  __device__ const int* warp_first_keys() const { return first_keys() + (warp_q0 - q0); }
  __device__ int* key_ends() const { return first_keys() + kQueries; }
  __device__ const int* warp_key_ends() const { return key_ends() + (warp_q0 - q0); }
  // The end of the keys that some query of the block, and of the warp, sees.
  __device__ int end_of_block() const {
    if constexpr (kPrefix)
      return key_ends()[kQueries - 1];
    else
      return seen.before(min(q0 + kQueries, a.extents.Tq));
  }
  __device__ int warp_end() const {
    if constexpr (kPrefix)
      return warp_key_ends()[kWarpQueries - 1];
    else
      return warp_q0 + kWarpQueries + seen.shift;
  }
  // Returns the first tile of which a query sees a key.
  __device__ int load_first_keys() {
    if constexpr (kBanded) {
      for (int i = static_cast<int>(threadIdx.x); i < kQueries; i += kThreads)
        first_keys()[i] = a.extents.first_key_of(sample, q0 + i, seen.shift);
      if constexpr (kPrefix)
        for (int i = static_cast<int>(threadIdx.x); i < kQueries; i += kThreads)
          key_ends()[i] = a.extents.end_of_keys(sample, q0 + i);
      __syncthreads();
      return first_keys()[0] / kKeys;
    } else {
      return 0;
    }
  }
  // Does every key of the tile lie before what the warp's queries see?
  __device__ bool is_hidden(int tile) const {
    if constexpr (kBanded)
      return (tile + 1) * kKeys <= warp_first_keys()[0];
    else
      return false;
  }

  __device__ SwizzledTile<kD> warp_queries() const { return queries_tile.rows_from(warp_q0 - q0); }
  __device__ SwizzledTile<kD> keys_of(int tile) const { return keys_tiles.rows_from(tile % 2 * 2 * kKeys); }
  __device__ SwizzledTile<kD> values_of(int tile) const { return keys_of(tile).rows_from(kKeys); }

  __device__ void start_keys(int tile) {
    const int k0 = tile * kKeys, key_head = head / a.extents.heads_per_key_head(), existing = seen.Tk - k0;
    start_copy<kD, kKeys, kThreads>(keys_of(tile), a.k.at(sample, k0, key_head, kD), a.k.token_stride, existing);
    start_copy<kD, kKeys, kThreads>(values_of(tile), a.v.at(sample, k0, key_head, kD), a.v.token_stride, existing);
  }

  __device__ void add_keys(int tile) {
    const int k0 = tile * kKeys;
    Sums<kRowTiles, kKeys / 8> scores;
    scores.clear();
    if constexpr (Tiles::kQueriesInRegisters)
      add_product(scores, queries, keys_of(tile));
    else
      add_product(scores, warp_queries(), keys_of(tile));
    hide_behind_queries(scores, k0);
    if constexpr (kBanded)
      if (k0 < warp_first_keys()[kWarpQueries - 1]) hide_before(scores, warp_first_keys(), k0);
    softmax(scores);
    if constexpr (kDropout) drop(scores, k0);
    add_weighted_rows(y, scores, values_of(tile));
  }

  __device__ void hide_behind_queries(Sums<kRowTiles, kKeys / 8>& scores, int k0) const {
    if constexpr (kPrefix) {
      if (k0 + kKeys > warp_key_ends()[0]) hide_behind(scores, warp_key_ends(), k0);
    } else {
      if (k0 + kKeys > min(seen.Tk, warp_q0 + seen.shift + 1)) hide_keys(scores, warp_q0, k0, seen.shift, seen.Tk);
    }
  }

  // Scores become probabilities relative to the largest so far; sums before are brought to the same measure, which
  // after a few tiles seldom changes.
  __device__ void softmax(Sums<kRowTiles, kKeys / 8>& scores) {
    const float to_base2 = a.extents.scale * kLog2E;
    float rescale[kRowTiles][2];
    bool moved = false;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        float most = largest[r][half];
        for (auto& tile : scores.at[r]) most = fmaxf(most, fmaxf(tile[2 * half], tile[2 * half + 1]));
        most = fmaxf(most, __shfl_xor_sync(kAllLanes, most, 1));
        most = fmaxf(most, __shfl_xor_sync(kAllLanes, most, 2));
        const float offset = offset_of(most);
        rescale[r][half] = fast_exp2(largest[r][half] * to_base2 - offset);
        moved |= most != largest[r][half];
        largest[r][half] = most;
        float sum = 0;
        for (auto& tile : scores.at[r])
          for (int e = 2 * half; e < 2 * half + 2; ++e) sum += tile[e] = fast_exp2(fmaf(tile[e], to_base2, -offset));
        total[r][half] = fmaf(total[r][half], rescale[r][half], sum);
      }
    if (__any_sync(kAllLanes, moved)) rescale_sums(rescale);
  }
  __device__ void rescale_sums(const float (&factors)[kRowTiles][2]) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (auto& tile : y.at[r])
        for (int e = 0; e < 4; ++e) tile[e] *= factors[r][e / 2];
  }
  // The largest score in powers of two; no score at all counts as zero, so that nothing becomes NaN.
  __device__ float offset_of(float most) const { return most == -INFINITY ? 0.0f : most * (a.extents.scale * kLog2E); }

  __device__ void drop(Sums<kRowTiles, kKeys / 8>& p, int k0) {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int n = 0; n < kKeys / 8; ++n) {
        const uint32_t kept = dropout_rows.kept(a.dropout, r, k0 + 8 * n);
        for (int e = 0; e < 4; ++e)
          if ((kept >> e & 1) == 0) p.at[r][n][e] = 0;
      }
  }

  __device__ void finish() {
    const AttentionExtents& x = a.extents;
    for (auto& row : total)
      for (float& sum : row) {
        sum += __shfl_xor_sync(kAllLanes, sum, 1);
        sum += __shfl_xor_sync(kAllLanes, sum, 2);
      }
    if (a.logsumexp != nullptr && threadIdx.x % 4 == 0)
      for (int r = 0; r < kRowTiles; ++r)
        for (int half = 0; half < 2; ++half) {
          const int i = warp_q0 + 16 * r + 8 * half + fragment_row();
          if (i < x.Tq)
            a.logsumexp[(int64_t{sample} * x.H + head) * x.Tq + i] =
                (offset_of(largest[r][half]) + log2f(total[r][half])) * kLn2;
        }
    const float scale = a.dropout.scale;
    store_rows(a.y.at(sample, warp_q0, head, kD), a.y.token_stride, x.Tq - warp_q0, warp_queries(), y,
               [&](int r, int half) { return total[r][half] == 0 ? 0.0f : scale / total[r][half]; });
  }

  const Arguments& a;
  const SeenKeys& seen;  // in shared memory: there is no register for it
  SwizzledTile<kD> queries_tile, keys_tiles;
  int q0, warp_q0, sample, head;
  LeftOperand<Tiles::kQueriesInRegisters ? kD : 16, kRowTiles> queries;
  Sums<kRowTiles, kD / 8> y;
  float largest[kRowTiles][2], total[kRowTiles][2];
  QueryRowsDropout<kRowTiles> dropout_rows;
};

template <int kD, bool kDropout, bool kBanded, bool kPrefix>
__global__ __launch_bounds__(ForwardBlock<kD, kDropout, kBanded, kPrefix>::kThreads,
                             1) void attention_forward_tensor_core_kernel(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  using Block = ForwardBlock<kD, kDropout, kBanded, kPrefix>;
  auto& seen = *reinterpret_cast<SeenKeys*>(shared + Block::kTileBytes);
  if (threadIdx.x == 0) seen = arguments.extents.seen_keys(arguments.order.place().head / arguments.extents.H);
  __syncthreads();
  Block(arguments, static_cast<uint32_t>(__cvta_generic_to_shared(shared)), seen).run();
}

template <int kD, bool kDropout, bool kBanded, bool kPrefix = false>
void enqueue(Stream& stream, const AttentionForward& args) {
  using Block = ForwardBlock<kD, kDropout, kBanded, kPrefix>;
  const AttentionShape& s = args.shape;
  const TileOrder order(ceil_div<int64_t>(s.Tq, Block::kQueries), s.B * s.H, s.Tk * kD * 4 / (s.H / s.Hkv));
  const Arguments arguments{AttentionExtents(s, args.starts, args.position, args.prefix_ends),
                            order,
                            HeadsView<Bf16>(args.y),
                            HeadsView<const Bf16>(args.q),
                            HeadsView<const Bf16>(args.k),
                            HeadsView<const Bf16>(args.v),
                            data_of<float>(args.logsumexp),
                            ProbabilityDropout(args.dropout)};
  launch_with_shared<attention_forward_tensor_core_kernel<kD, kDropout, kBanded, kPrefix>>(
      stream, order.blocks(), Block::kThreads, Block::kSharedBytes, arguments);
}

}  // namespace

void enqueue_forward_tensor_core(Stream& stream, const AttentionForward& args) {
  if (args.prefix_ends) {
    args.shape.D == 64 ? enqueue<64, false, true, true>(stream, args) : enqueue<128, false, true, true>(stream, args);
    return;
  }
  for_tensor_core_instance(args.shape, args.dropout, args.starts,
                           [&](auto size, auto dropout, auto banded) { enqueue<size, dropout, banded>(stream, args); });
}

}  // namespace convoy::cuda
