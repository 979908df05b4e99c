// Attention backward of one sample and key head. Probabilities are computed again from the log of the sums; then
//   dv = p^T dy,   dp = dy v^T,   ds = p (dp - sum_d(dy y)),   dq = scale ds k,   dk = scale ds^T q.
// Over tiles of queries, and inside over tiles of keys: dq stays in a tile, dk and dv in sums of the whole head, which
// nobody else writes.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct BackwardTile {
  alignas(64) float queries[kTile * kMaxD];             // scaled by scale * log2(e)
  alignas(64) float queries_transposed[kMaxD * kTile];  // (D, kTile)
  alignas(64) float dy[kTile * kMaxD];
  alignas(64) float dy_transposed[kMaxD * kTile];
  alignas(64) float keys[kTile * kMaxD];
  alignas(64) float values[kTile * kMaxD];
  alignas(64) float dq[kTile * kMaxD];
  alignas(64) float scores[kTile * kTile];   // then what dv is summed with: probabilities after dropout
  alignas(64) float dscores[kTile * kTile];  // first dp
  alignas(64) float logsumexp[kTile];        // of base 2
  alignas(64) float delta[kTile];            // sum_d(dy y)
};

// Scores and dp of keys [j, j + count), one group of queries, become probabilities and ds.
template <bool kMasked, bool kDropped>
inline void backward_keys(BackwardTile& tile, const TileView& view, int64_t i, int64_t j, int64_t count,
                          const F32x16* factors) {
  const F32x16 logsumexp = load(tile.logsumexp + i), delta = load(tile.delta + i);
  for (int64_t w = 0; w < count; ++w) {
    float *score = tile.scores + (j + w) * kTile + i, *dscore = tile.dscores + (j + w) * kTile + i;
    F32x16 p = exp2(load(score) - logsumexp), dp = load(dscore), dropped_p = p;
    if constexpr (kDropped) {
      dropped_p = p * factors[w];
      dp = dp * factors[w];
    }
    F32x16 ds = p * (dp - delta);
    if constexpr (kMasked) {
      const Mask16 seen = view.seen(i, j + w);
      dropped_p = select(seen, dropped_p, broadcast(0.0f));
      ds = select(seen, ds, broadcast(0.0f));
    }
    store(score, dropped_p);
    store(dscore, ds);
  }
}

template <bool kDropped>
inline void backward_group(BackwardTile& tile, const TileView& view, const DropoutKeys& keys, int64_t first_row,
                           int64_t i) {
  // Whole blocks of 16 keys, for add_over_queries reads such: what no query sees becomes zero.
  const int64_t first = view.hidden_from(i) / 16 * 16, covered = round_up<int64_t>(view.seen_by(i + 15), 16);
  if constexpr (kDropped) {
    const QueryIndices indices(keys, first_row + i);
    for (int64_t j = first; j < covered; j += 4) {
      F32x16 factors[4];
      indices.factors(keys, view.k0 + j, factors);
      backward_keys<true, true>(tile, view, i, j, 4, factors);
    }
  } else {
    // All see keys [from, to).
    const int64_t from = std::min(view.first_keys == nullptr ? 0 : view.hidden_from(i + 15), covered);
    const int64_t to = std::max(from, view.seen_by(i));
    backward_keys<true, false>(tile, view, i, first, from - first, nullptr);
    backward_keys<false, false>(tile, view, i, from, to - from, nullptr);
    backward_keys<true, false>(tile, view, i, to, covered - to, nullptr);
  }
}

template <class Real>
inline void load_queries(BackwardTile& tile, const AttentionBackward& args, int64_t sample, int64_t head, int64_t begin,
                         int64_t queries) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16);
  pack_rows(tile.queries, padded_D, head_pointer<Real>(args.q, sample, begin, head, s.D), args.q.token_stride, queries,
            s.D, s.scale * kLog2E);
  transpose_tile(tile.queries_transposed, tile.queries, padded_D, queries);
  const Real* dy = head_pointer<Real>(args.dy, sample, begin, head, s.D);
  const Real* y = head_pointer<Real>(args.y, sample, begin, head, s.D);
  pack_rows(tile.dy, padded_D, dy, args.dy.token_stride, queries, s.D);
  transpose_tile(tile.dy_transposed, tile.dy, padded_D, queries);
  const float* logsumexp = args.logsumexp.as<float>() + (sample * s.H + head) * s.Tq + begin;
  for (int64_t i = 0; i < round_up<int64_t>(queries, 16); ++i) {
    F32x16 product = broadcast(0.0f);
    if (i < queries)
      for_vectors(s.D, [&](int64_t d, auto lanes) {
        product = fma(load(tile.dy + i * padded_D + d), load(y + i * args.y.token_stride + d, lanes), product);
      });
    tile.delta[i] = sum_lanes(product);
    tile.logsumexp[i] = i < queries ? logsumexp[i] * kLog2E : 0.0f;
  }
  std::memset(tile.dq, 0, static_cast<size_t>(round_up<int64_t>(queries, 16) * padded_D) * sizeof(float));
}

template <class Real>
inline void backward_key_tile(BackwardTile& tile, const AttentionBackward& args, const DropoutKeys& keys,
                              const TileView& view, int64_t sample, int64_t head, float* dk, float* dv,
                              Requests& requests) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16), key_head = head / (s.H / s.Hkv);
  pack_rows(tile.keys, padded_D, head_pointer<Real>(args.k, sample, view.k0, key_head, s.D), args.k.token_stride,
            view.keys, s.D);
  const TileRows values =
      rows_along_D(tile.values, padded_D, head_pointer<Real>(args.v, sample, view.k0, key_head, s.D),
                   args.v.token_stride, view.keys, s.D);
  scores_of(tile.scores, view, {tile.keys, padded_D}, tile.queries_transposed, s.D, requests);
  scores_of(tile.dscores, view, values, tile.dy_transposed, s.D, requests);
  const int64_t first_row = (sample * s.H + head) * s.Tq + view.q0;
  for (int64_t i = 0; i < view.queries; i += kLanes) {
    if (args.dropout.p > 0)
      backward_group<true>(tile, view, keys, first_row, i);
    else
      backward_group<false>(tile, view, keys, first_row, i);
  }
  add_over_queries(dv + view.k0 * padded_D, view, tile.scores, tile.dy, padded_D, requests);
  add_over_queries(dk + view.k0 * padded_D, view, tile.dscores, tile.queries, padded_D, requests);
  add_over_keys(tile.dq, view, tile.dscores, tile.keys, padded_D, requests);
}

template <class Real>
inline void backward_queries(const AttentionBackward& args, const DropoutKeys& keys, int64_t sample, int64_t head,
                             int64_t begin, float* dk, float* dv, Requests& requests) {
  const AttentionShape& s = args.shape;
  const int64_t queries = std::min(kTile, s.Tq - begin), padded_D = round_up<int64_t>(s.D, 16);
  BackwardTile tile;
  load_queries<Real>(tile, args, sample, head, begin, queries);
  const int64_t keys_end = keys_seen(s, args.prefix_ends, sample, begin + queries);
  const FirstKeys first(s, args.starts, sample, begin, begin + queries);
  const SeenEnds ends(s, args.prefix_ends, sample, begin, begin + queries);
  for (int64_t k0 = first.first_tile(); k0 < keys_end; k0 += kTile)
    backward_key_tile<Real>(
        tile, args, keys,
        {begin, queries, k0, std::min(kTile, keys_end - k0), mask_shift(s), first.or_null(), ends.or_null()}, sample,
        head, dk, dv, requests);
  store_rows(head_pointer<Real>(args.dq, sample, begin, head, s.D), args.dq.token_stride, tile.dq, padded_D, queries,
             s.D, s.scale);
}

template <class Real>
inline void backward_key_head(const AttentionBackward& args, int64_t sample, int64_t key_head, float* sums,
                              Requests& requests) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16), heads = s.H / s.Hkv;
  const int64_t elements = round_up<int64_t>(s.Tk, 16) * padded_D;
  float *dk = sums, *dv = sums + elements;
  std::memset(sums, 0, static_cast<size_t>(2 * elements) * sizeof(float));
  const DropoutKeys keys(args.dropout);
  for (int64_t head = key_head * heads; head < (key_head + 1) * heads; ++head)
    for (int64_t begin = 0; begin < s.Tq; begin += kTile)
      backward_queries<Real>(args, keys, sample, head, begin, dk, dv, requests);
  // Queries were packed with log2(e) in them.
  store_rows(head_pointer<Real>(args.dk, sample, 0, key_head, s.D), args.dk.token_stride, dk, padded_D, s.Tk, s.D,
             kLn2);
  store_rows(head_pointer<Real>(args.dv, sample, 0, key_head, s.D), args.dv.token_stride, dv, padded_D, s.Tk, s.D,
             1.0f);
}

// What the piece writes and what the next one reads.
template <class Real>
inline Requests backward_requests(const AttentionBackward& args, const AttentionPiece& piece,
                                  const AttentionPiece& next) {
  const AttentionShape& s = args.shape;
  const int64_t heads = s.H / s.Hkv;
  Requests requests;
  request_rows<Real>(requests, args.dq, piece, 0, s.Tq, piece.head * heads, s.D, heads, Access::write);
  request_rows<Real>(requests, args.dk, piece, 0, s.Tk, piece.head, s.D, 1, Access::write);
  request_rows<Real>(requests, args.dv, piece, 0, s.Tk, piece.head, s.D, 1, Access::write);
  request_rows<Real>(requests, args.k, next, 0, s.Tk, next.head, s.D, 1);
  request_rows<Real>(requests, args.v, next, 0, s.Tk, next.head, s.D, 1);
  for (const Heads* rows : {&args.q, &args.dy, &args.y})
    request_rows<Real>(requests, *rows, next, 0, s.Tq, next.head * heads, s.D, heads);
  return requests;
}

void attention_backward(const AttentionBackward& args, const AttentionPiece& piece, const AttentionPiece& next,
                        float* sums) {
  with_real(args.shape.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    Requests requests = backward_requests<Real>(args, piece, next);
    backward_key_head<Real>(args, piece.sample, piece.head, sums, requests);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
