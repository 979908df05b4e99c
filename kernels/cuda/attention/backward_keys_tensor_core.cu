// Attention backward on tensor cores, second launch: dk and dv. bf16, D = 64 or 128.
//
//   p^T = 2^(scale log2(e) k q^T - log2 of the query's sum),  dv = p^T dy,
//   dp^T = v dy^T,  ds^T = p^T (dp^T - delta),  dk = scale ds^T q
//
// A block has a tile of keys and values of one key head in shared memory; queries and dy of all query heads of its
// group pass by in tiles, the next one copied while this one is computed. dk and dv are thus summed in registers, in
// one order, with no atomics. Scores are computed transposed, so that they are left operands as they come.
//
// Counters of the virtual GPU, causal, T = 512: no bank conflicts, every sector that is copied or stored is used whole,
// 0.69 (D = 64) and 0.81 (D = 128) shared accesses and 6.0 and 5.2 PTX instructions per product of 16 x 8 x 16.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/tensor_core_masks.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {
namespace {

using Bf16 = __nv_bfloat16;

struct Arguments {
  AttentionExtents extents;
  TileOrder order;
  HeadsView<Bf16> dk, dv;
  HeadsView<const Bf16> dy, q, k, v;
  const float *logsumexp, *delta;
  ProbabilityDropout dropout;
};

// As many keys a warp as registers hold dk and dv of, and queries at a time beside them.
template <int kD>
struct KeyTiles {
  static constexpr int kRowTiles = kD == 64 ? 2 : 1, kWarps = kD == 64 ? 4 : 8, kQueries = kD == 64 ? 64 : 32;
  static constexpr int kStep = kD == 64 ? 16 : 32;
};

template <int kQueries>
struct QueryValues {
  float log2_sum[kQueries], delta[kQueries];
  union {
    uint64_t dropout_index[kQueries];
    int first_key[kQueries];  // of banded attention, which has no dropout
  };
};

template <int kD, bool kDropout, bool kBanded>
class BackwardKeysBlock {
  using Tiles = KeyTiles<kD>;
  static constexpr int kRowTiles = Tiles::kRowTiles, kQueries = Tiles::kQueries, kStep = Tiles::kStep;
  using Scores = Sums<kRowTiles, kStep / 8>;
  using Values = QueryValues<kQueries>;

 public:
  static constexpr int kThreads = 32 * Tiles::kWarps, kWarpKeys = 16 * kRowTiles, kKeys = kWarpKeys * Tiles::kWarps;
  static constexpr int kTileBytes = (2 * kKeys + 4 * kQueries) * kD * 2;
  static constexpr int kSharedBytes = kTileBytes + 2 * int{sizeof(Values)};

  __device__ BackwardKeysBlock(const Arguments& arguments, unsigned char* shared)
      : a(arguments),
        keys_tile(static_cast<uint32_t>(__cvta_generic_to_shared(shared))),
        queries_tiles(keys_tile.rows_from(2 * kKeys)),
        query_values(reinterpret_cast<Values*>(shared + kTileBytes)) {
    const TileOrder::Place place = a.order.place();
    k0 = place.rank * kKeys;
    sample = place.head / a.extents.Hkv;
    key_head = place.head % a.extents.Hkv;
    warp_k0 = k0 + static_cast<int>(threadIdx.x) / 32 * kWarpKeys;
    first_q0 = a.extents.first_query_of(k0) / kQueries * kQueries;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    const int keys_left = x.Tk - k0, queries_end = kBanded ? x.queries_end_of(sample, k0 + kKeys - 1) : x.Tq;
    const int tiles_of_head = (max(queries_end, first_q0) - first_q0 + kQueries - 1) / kQueries;
    const int tiles = tiles_of_head * x.heads_per_key_head();
    dk.clear();
    dv.clear();
    start_copy<kD, kKeys, kThreads>(keys_tile, a.k.at(sample, k0, key_head, kD), a.k.token_stride, keys_left);
    start_copy<kD, kKeys, kThreads>(values_tile(), a.v.at(sample, k0, key_head, kD), a.v.token_stride, keys_left);
    Position next{key_head * x.heads_per_key_head(), first_q0};
    if (tiles > 0) start_queries(0, next);
    for (int tile = 0; tile < max(tiles, 1); ++tile) {
      const Position here = next;
      wait_for_copies();
      __syncthreads();  // the tile is there, and nobody reads the one before it
      next = here.q0 + kQueries < queries_end ? Position{here.head, here.q0 + kQueries}
                                              : Position{here.head + 1, first_q0};
      if (tile + 1 < tiles) start_queries((tile + 1) % 2, next);
      for (int step = 0; step < kQueries && tile < tiles; step += kStep)
        if (warp_k0 <= here.q0 + step + kStep - 1 + x.shift && !is_hidden(tile % 2, step))
          add_queries(tile % 2, here, step);
    }
    store(a.dk, keys_tile, dk, x.scale);
    store(a.dv, values_tile(), dv, a.dropout.scale);
  }

 private:
  struct Position {
    int head, q0;
  };
  // Does the warp's last key lie before what the queries of the step see?
  __device__ bool is_hidden(int buffer, int step) const {
    if constexpr (kBanded)
      return warp_k0 + kWarpKeys <= query_values[buffer].first_key[step];
    else
      return false;
  }
  __device__ SwizzledTile<kD> values_tile() const { return keys_tile.rows_from(kKeys); }
  __device__ SwizzledTile<kD> warp_rows(SwizzledTile<kD> tile) const { return tile.rows_from(warp_k0 - k0); }
  __device__ SwizzledTile<kD> queries_of(int buffer) const { return queries_tiles.rows_from(buffer * 2 * kQueries); }
  __device__ SwizzledTile<kD> dy_of(int buffer) const { return queries_of(buffer).rows_from(kQueries); }

  __device__ void store(const HeadsView<Bf16>& to, SwizzledTile<kD> tile, const Sums<kRowTiles, kD / 8>& sums,
                        float factor) const {
    store_rows(to.at(sample, warp_k0, key_head, kD), to.token_stride, a.extents.Tk - warp_k0, warp_rows(tile), sums,
               [=](int, int) { return factor; });
  }

  __device__ void start_queries(int buffer, Position p) {
    const AttentionExtents& x = a.extents;
    const int existing = x.Tq - p.q0, i = static_cast<int>(threadIdx.x);
    start_copy<kD, kQueries, kThreads>(queries_of(buffer), a.q.at(sample, p.q0, p.head, kD), a.q.token_stride,
                                       existing);
    start_copy<kD, kQueries, kThreads>(dy_of(buffer), a.dy.at(sample, p.q0, p.head, kD), a.dy.token_stride, existing);
    if (i >= kQueries) return;
    const int64_t row = (int64_t{sample} * x.H + p.head) * x.Tq + p.q0 + i;
    const float log_sum = i < existing ? a.logsumexp[row] : -INFINITY;
    Values& values = query_values[buffer];
    values.log2_sum[i] = log_sum == -INFINITY ? INFINITY : log_sum * kLog2E;  // no key or no query: p = 0
    values.delta[i] = i < existing ? a.delta[row] : 0.0f;
    if constexpr (kDropout) values.dropout_index[i] = a.dropout.index_of_row(row);
    if constexpr (kBanded) values.first_key[i] = x.first_key_of(sample, p.q0 + i, x.shift);
  }

  __device__ void add_queries(int buffer, Position here, int step) {
    const int q0 = here.q0 + step, shift = a.extents.shift;
    Scores p, ds;
    p.clear();
    ds.clear();
    add_product(p, warp_rows(keys_tile), queries_of(buffer).rows_from(step));
    add_product(ds, warp_rows(values_tile()), dy_of(buffer).rows_from(step));
    if (warp_k0 + kWarpKeys - 1 > q0 + shift) hide_from_queries(p, warp_k0, q0, shift);
    if constexpr (kBanded) {
      const int* first_keys = query_values[buffer].first_key + step;
      if (warp_k0 < first_keys[kStep - 1]) hide_before_queries(p, first_keys, warp_k0);
    }
    differentiate(p, ds, query_values[buffer], step);
    add_weighted_rows(dv, p, dy_of(buffer).rows_from(step));
    add_weighted_rows(dk, ds, queries_of(buffer).rows_from(step));
  }

  // Scores become what dv is summed with, but for the factor of dropout; dp becomes ds.
  __device__ void differentiate(Scores& scores, Scores& ds, const Values& values, int step) const {
    const float to_base2 = a.extents.scale * kLog2E;
#pragma unroll
    for (int n = 0; n < kStep / 8; ++n) {
      const int column = step + 8 * n + fragment_column();
      const float2 log2_sum = *reinterpret_cast<const float2*>(&values.log2_sum[column]);
      const float2 delta = *reinterpret_cast<const float2*>(&values.delta[column]);
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        uint32_t kept = 15;
        if constexpr (kDropout)
          kept = kept_of_key_rows(a.dropout, values.dropout_index[step + 8 * n + dropout_column()], warp_k0 + 16 * r);
#pragma unroll
        for (int e = 0; e < 4; ++e) {
          const float p = fast_exp2(fmaf(scores.at[r][n][e], to_base2, e % 2 == 0 ? -log2_sum.x : -log2_sum.y));
          float dp = ds.at[r][n][e];
          const bool dropped = kDropout && (kept >> e & 1) == 0;
          if constexpr (kDropout) dp = dropped ? 0.0f : dp * a.dropout.scale;
          scores.at[r][n][e] = dropped ? 0.0f : p;
          ds.at[r][n][e] = p * (dp - (e % 2 == 0 ? delta.x : delta.y));
        }
      }
    }
  }

  const Arguments& a;
  SwizzledTile<kD> keys_tile, queries_tiles;
  Values* query_values;
  int k0, warp_k0, sample, key_head, first_q0;
  Sums<kRowTiles, kD / 8> dk, dv;
};

template <int kD, bool kDropout, bool kBanded>
__global__ __launch_bounds__(BackwardKeysBlock<kD, kDropout, kBanded>::kThreads,
                             1) void attention_dkdv_tensor_core_kernel(const __grid_constant__ Arguments arguments) {
  extern __shared__ __align__(256) unsigned char shared[];
  BackwardKeysBlock<kD, kDropout, kBanded>(arguments, shared).run();
}

template <int kD, bool kDropout, bool kBanded>
void enqueue(Stream& stream, const AttentionBackward& args, const float* delta) {
  using Block = BackwardKeysBlock<kD, kDropout, kBanded>;
  static_assert(Block::kSharedBytes <= 99 * 1024);
  const AttentionShape& s = args.shape;
  const TileOrder order(ceil_div<int64_t>(s.Tk, Block::kKeys), s.B * s.Hkv, s.Tq * kD * 4 * (s.H / s.Hkv));
  const Arguments arguments{AttentionExtents(s, args.starts), order,
                            HeadsView<Bf16>(args.dk),         HeadsView<Bf16>(args.dv),
                            HeadsView<const Bf16>(args.dy),   HeadsView<const Bf16>(args.q),
                            HeadsView<const Bf16>(args.k),    HeadsView<const Bf16>(args.v),
                            data_of<float>(args.logsumexp),   delta,
                            ProbabilityDropout(args.dropout)};
  launch_with_shared<attention_dkdv_tensor_core_kernel<kD, kDropout, kBanded>>(stream, order.blocks(), Block::kThreads,
                                                                               Block::kSharedBytes, arguments);
}

}  // namespace

void enqueue_backward_keys_tensor_core(Stream& stream, const AttentionBackward& args, const float* delta) {
  for_tensor_core_instance(args.shape, args.dropout, args.starts, [&](auto size, auto dropout, auto banded) {
    enqueue<size, dropout, banded>(stream, args, delta);
  });
}

}  // namespace convoy::cuda
