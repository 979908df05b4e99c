// Attention backward by plain fused multiply-adds, second launch: dk and dv. Formulas and order as in
// backward_tensor_core.cu; tiles as in forward_plain.cu.
#include "kernels/cuda/attention/plain_backward.h"

namespace convoy::cuda {
namespace {

// What the queries of a tile bring along.
template <int kQueries>
struct QueryValues {
  float log2_sum[kQueries], delta[kQueries];
  uint64_t dropout_index[kQueries];
  int first_key[kQueries], end_of_keys[kQueries];
};

template <class Real, int kD>
class BackwardKeysBlock {
  using Tiles = PlainBackwardTiles<kD>;
  static constexpr int kQueries = Tiles::kColumns, kThreads = Tiles::kThreads;
  using Scores = PlainScores<kQueries>;
  using Values = QueryValues<kQueries>;

 public:
  static constexpr int kKeys = Tiles::kRows, kSharedBytes = Tiles::kBytes + int{sizeof(Values)};
  static_assert(kSharedBytes <= 99 * 1024);

  __device__ BackwardKeysBlock(const PlainBackwardArguments<Real>& arguments, const TileOrder& order, float* shared)
      : a(arguments), tiles(shared), values(reinterpret_cast<Values*>(shared + Tiles::kBytes / 4)) {
    const TileOrder::Place place = order.place();
    k0 = place.rank * kKeys;
    sample = place.head / a.extents.Hkv;
    key_head = place.head % a.extents.Hkv;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    int first_q0 = x.first_query_of(k0) / kQueries * kQueries, queries_end = x.Tq;
    if (x.banded) {
      queries_end = x.queries_end_of(sample, k0 + kKeys - 1);
      if (x.prefix_ends != nullptr) first_q0 = x.first_query_of(sample, k0) / kQueries * kQueries;
    }
    const int heads = x.heads_per_key_head();
    dk.clear();
    dv.clear();
    load<kKeys>(tiles.own[0], a.k, k0, key_head, x.Tk, 1);
    load<kKeys>(tiles.own[1], a.v, k0, key_head, x.Tk, 1);
    for (int head = key_head * heads; head < (key_head + 1) * heads; ++head)
      for (int q0 = first_q0; q0 < queries_end; q0 += kQueries) {
        __syncthreads();
        load<kQueries>(tiles.passing[0], a.q, q0, head, x.Tq, x.scale * kLog2E);
        load<kQueries>(tiles.passing[1], a.dy, q0, head, x.Tq, 1);
        load_query_values(head, q0);
        __syncthreads();
        add_queries(q0);
      }
    // Queries were read with log2(e) in them.
    write(a.dk, dk, kLn2);
    write(a.dv, dv, a.dropout.scale);
  }

 private:
  template <int kRows>
  __device__ void load(PlainTile<kD> tile, const HeadsView<const Real>& from, int token, int head, int tokens,
                       float factor) const {
    load_rows<kRows, kThreads>(tile, from.at(sample, token, head, a.extents.D), from.token_stride, tokens - token,
                               a.extents.D, factor, a.packs);
  }
  __device__ void write(const HeadsView<Real>& to, const PlainSums<kD>& sums, float factor) const {
    sums.write(to.at(sample, k0, key_head, a.extents.D), to.token_stride, a.extents.Tk - k0, a.extents.D,
               [=](int) { return factor; });
  }

  __device__ void load_query_values(int head, int q0) {
    const AttentionExtents& x = a.extents;
    const int i = static_cast<int>(threadIdx.x), existing = x.Tq - q0;
    if (i >= kQueries) return;
    const int64_t row = (int64_t{sample} * x.H + head) * x.Tq + q0 + i;
    const float log_sum = i < existing ? a.logsumexp[row] : -INFINITY;
    values->log2_sum[i] = log_sum == -INFINITY ? INFINITY : log_sum * kLog2E;  // no key or no query: p = 0
    values->delta[i] = i < existing ? a.delta[row] : 0.0f;
    if (a.dropout.threshold != 0) values->dropout_index[i] = a.dropout.index_of_row(row);
    if (!x.banded) return;
    values->first_key[i] = x.first_key_of(sample, q0 + i, x.shift);
    if (x.prefix_ends != nullptr) values->end_of_keys[i] = x.end_of_keys(sample, q0 + i);
  }

  __device__ void add_queries(int q0) {
    const AttentionExtents& x = a.extents;
    Scores p, ds;
    p.clear();
    ds.clear();
    add_plain_product(p, tiles.own[0], tiles.passing[0], x.D);
    add_plain_product(ds, tiles.own[1], tiles.passing[1], x.D);
    hide(p, q0);
#pragma unroll
    for (int c = 0; c < Scores::kCount; ++c) differentiate(p, ds, c);
    p.store(tiles.weights);
    add_plain_weighted_rows(dv, tiles.weights, tiles.passing[1]);
    ds.store(tiles.weights);
    add_plain_weighted_rows(dk, tiles.weights, tiles.passing[0]);
  }

  // What a query does not see.
  __device__ void hide(Scores& scores, int q0) const {
    const AttentionExtents& x = a.extents;
    const bool is_edge = k0 + kKeys - 1 > q0 + x.shift;
    if (!x.banded) {
      if (is_edge) hide_plain_from_queries(scores, k0, q0, x.shift);
      return;
    }
    if (is_edge && x.prefix_ends == nullptr) hide_plain_from_queries(scores, k0, q0, x.shift);
    if (is_edge && x.prefix_ends != nullptr) hide_behind_queries(scores);
    hide_before_queries(scores);
  }
  __device__ void hide_before_queries(Scores& scores) const {
#pragma unroll
    for (int c = 0; c < Scores::kCount; ++c) {
      const int hidden = values->first_key[plain_column() + 16 * c] - k0 - plain_row();
#pragma unroll
      for (int r = 0; r < kPlainRows; ++r)
        if (r < hidden) scores.at[r][c] = -INFINITY;
    }
  }

  __device__ void hide_behind_queries(Scores& scores) const {
#pragma unroll
    for (int c = 0; c < Scores::kCount; ++c) {
      const int seen = values->end_of_keys[plain_column() + 16 * c] - k0 - plain_row();
#pragma unroll
      for (int r = 0; r < kPlainRows; ++r)
        if (r >= seen) scores.at[r][c] = -INFINITY;
    }
  }

  // Scores become what dv is summed with, but for the factor of dropout; dp becomes ds. A thread's four rows are the
  // group of four keys that one call of dropout's generator serves.
  __device__ void differentiate(Scores& scores, Scores& ds, int c) const {
    const int column = plain_column() + 16 * c;
    uint32_t kept = 15;
    if (a.dropout.threshold != 0) kept = a.dropout.kept(values->dropout_index[column], (k0 + plain_row()) / 4);
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) {
      const float p = exp2f(scores.at[r][c] - values->log2_sum[column]);
      const bool keep = (kept >> r & 1) != 0;
      const float dp = keep ? ds.at[r][c] * a.dropout.scale : 0.0f;
      scores.at[r][c] = keep ? p : 0.0f;
      ds.at[r][c] = p * (dp - values->delta[column]);
    }
  }

  const PlainBackwardArguments<Real>& a;
  Tiles tiles;
  Values* values;
  int k0, sample, key_head;
  PlainSums<kD> dk, dv;
};

template <class Real, int kD>
__global__ __launch_bounds__(PlainBackwardTiles<kD>::kThreads, 1) void attention_dkdv_plain_kernel(
    const __grid_constant__ PlainBackwardArguments<Real> arguments, const TileOrder order) {
  extern __shared__ __align__(16) float shared[];
  BackwardKeysBlock<Real, kD>(arguments, order, shared).run();
}

}  // namespace

void enqueue_backward_keys_plain(Stream& stream, const AttentionBackward& args, const float* delta) {
  const AttentionShape& s = args.shape;
  for_real(s.dtype, [&](auto real) {
    for_head_size(s.D, [&](auto size) {
      using Real = decltype(real);
      using Block = BackwardKeysBlock<Real, size>;
      const TileOrder order(ceil_div<int64_t>(s.Tk, Block::kKeys), s.B * s.Hkv,
                            s.Tq * s.D * 2 * int64_t{sizeof(Real)} * (s.H / s.Hkv));
      launch_with_shared<attention_dkdv_plain_kernel<Real, size>>(
          stream, order.blocks(), PlainBackwardTiles<size>::kThreads, Block::kSharedBytes,
          PlainBackwardArguments<Real>(args, const_cast<float*>(delta)), order);
    });
  });
}

}  // namespace convoy::cuda
