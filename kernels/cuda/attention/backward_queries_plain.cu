// Attention backward by plain fused multiply-adds, first launch: dq, and delta = rowsum(dy * y) for the second.
// Formulas and order as in backward_tensor_core.cu; tiles as in forward_plain.cu.
#include "kernels/cuda/attention/plain_backward.h"

namespace convoy::cuda {
namespace {

template <class Real, int kD>
class BackwardQueriesBlock {
  using Tiles = PlainBackwardTiles<kD>;
  static constexpr int kKeys = Tiles::kColumns, kThreads = Tiles::kThreads;
  using Scores = PlainScores<kKeys>;

 public:
  static constexpr int kQueries = Tiles::kRows;

  __device__ BackwardQueriesBlock(const PlainBackwardArguments<Real>& arguments, const TileOrder& order, float* shared)
      : a(arguments), tiles(shared) {
    const TileOrder::Place place = order.place();
    q0 = (order.tiles - 1 - place.rank) * kQueries;
    sample = place.head / a.extents.H;
    head = place.head % a.extents.H;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    const int queries_end = min(q0 + kQueries, x.Tq), key_head = head / x.heads_per_key_head();
    dq.clear();
    if (a.dropout.threshold != 0) masks.start(a.dropout, first_row() + q0);
    load<kQueries>(tiles.own[0], a.q, q0, head, x.Tq, x.scale * kLog2E);
    load<kQueries>(tiles.own[1], a.dy, q0, head, x.Tq, 1);
    __syncthreads();
    load_row_values();
    int first = 0, keys_end = x.keys_seen(queries_end);
    if (x.banded) {
      first = x.first_key_of(sample, q0, x.shift) / kKeys * kKeys;
      if (x.prefix_ends != nullptr) keys_end = x.end_of_keys(sample, queries_end - 1);
    }
    for (int k0 = first; k0 < keys_end; k0 += kKeys) {
      __syncthreads();
      load<kKeys>(tiles.passing[0], a.k, k0, key_head, x.Tk, 1);
      load<kKeys>(tiles.passing[1], a.v, k0, key_head, x.Tk, 1);
      __syncthreads();
      add_keys(k0);
    }
    dq.write(a.dq.at(sample, q0, head, x.D), a.dq.token_stride, x.Tq - q0, x.D, [&](int) { return x.scale; });
  }

 private:
  __device__ int64_t first_row() const { return (int64_t{sample} * a.extents.H + head) * a.extents.Tq; }

  template <int kRows>
  __device__ void load(PlainTile<kD> tile, const HeadsView<const Real>& from, int token, int from_head, int tokens,
                       float factor) const {
    load_rows<kRows, kThreads>(tile, from.at(sample, token, from_head, a.extents.D), from.token_stride, tokens - token,
                               a.extents.D, factor, a.packs);
  }

  // As on tensor cores: a row without a key, or that does not exist, gets infinity.
  __device__ void load_row_values() {
    const AttentionExtents& x = a.extents;
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) {
      const int i = q0 + plain_row() + r;
      const bool exists = i < x.Tq;
      float sum = 0;
      if (exists)
        for (int d = plain_column(); d < x.D; d += 16)
          sum = fmaf(to_float(a.y.at(sample, i, head, x.D)[d]), *tiles.own[1].at(i - q0, d), sum);
      delta[r] = row_sum(sum);
      const float log_sum = exists ? a.logsumexp[first_row() + i] : -INFINITY;
      log2_sum[r] = log_sum == -INFINITY ? INFINITY : log_sum * kLog2E;
    }
    write_row_values(a.delta + first_row() + q0, delta, x.Tq - q0);
  }

  __device__ void add_keys(int k0) {
    const AttentionExtents& x = a.extents;
    Scores p, ds;
    p.clear();
    ds.clear();
    add_plain_product(p, tiles.own[0], tiles.passing[0], x.D);
    add_plain_product(ds, tiles.own[1], tiles.passing[1], x.D);
    hide_plain(p, x, {x.Tk, x.shift}, sample, q0, k0);
    if (a.dropout.threshold != 0) {
      masks.apply(a.dropout, ds, k0);
#pragma unroll
      for (auto& row : ds.at)
#pragma unroll
        for (float& dp : row) dp *= a.dropout.scale;
    }
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r)
#pragma unroll
      for (int c = 0; c < Scores::kCount; ++c) ds.at[r][c] = exp2f(p.at[r][c] - log2_sum[r]) * (ds.at[r][c] - delta[r]);
    ds.store(tiles.weights);
    add_plain_weighted_rows(dq, tiles.weights, tiles.passing[0]);
  }

  const PlainBackwardArguments<Real>& a;
  Tiles tiles;
  int q0, sample, head;
  PlainSums<kD> dq;
  float delta[kPlainRows], log2_sum[kPlainRows];
  PlainQueryMasks masks;
};

template <class Real, int kD>
__global__ __launch_bounds__(PlainBackwardTiles<kD>::kThreads, 1) void attention_dq_plain_kernel(
    const __grid_constant__ PlainBackwardArguments<Real> arguments, const TileOrder order) {
  extern __shared__ __align__(16) float shared[];
  BackwardQueriesBlock<Real, kD>(arguments, order, shared).run();
}

}  // namespace

void enqueue_backward_queries_plain(Stream& stream, const AttentionBackward& args, float* delta) {
  const AttentionShape& s = args.shape;
  for_real(s.dtype, [&](auto real) {
    for_head_size(s.D, [&](auto size) {
      using Real = decltype(real);
      using Tiles = PlainBackwardTiles<size>;
      const TileOrder order(ceil_div<int64_t>(s.Tq, Tiles::kRows), s.B * s.H,
                            s.Tk * s.D * 2 * int64_t{sizeof(Real)} / (s.H / s.Hkv));
      launch_with_shared<attention_dq_plain_kernel<Real, size>>(stream, order.blocks(), Tiles::kThreads, Tiles::kBytes,
                                                                PlainBackwardArguments<Real>(args, delta), order);
    });
  });
}

}  // namespace convoy::cuda
