// Attention forward of one tile of queries: over tiles of keys with a running maximum and sum.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct ForwardTile {
  alignas(64) float queries[kMaxD * kTile];  // (D, kTile)
  alignas(64) float keys[kTile * kMaxD];
  alignas(64) float values[kTile * kMaxD];
  alignas(64) float sums[kTile * kMaxD];  // (kTile, D), of probabilities times values
  alignas(64) float scores[kTile * kTile];
  alignas(64) float max[kTile];    // of scores so far
  alignas(64) float total[kTile];  // of exp2(score - max)
  alignas(64) float rescale[kTile];
};

// Scores of 16 queries become probabilities relative to the new maximum. Returns whether the maximum moved.
inline bool softmax_group(ForwardTile& tile, const TileView& view, int64_t i) {
  float* scores = tile.scores + i;
  // All see keys [from, to), some keys [first, end).
  const int64_t first = view.hidden_from(i), end = view.seen_by(i + 15);
  const int64_t from = std::min(view.hidden_from(i + 15), end), to = std::max(from, view.seen_by(i));
  const F32x16 old_max = load(tile.max + i);
  F32x16 largest = old_max;
  const auto mask = [&](int64_t begin, int64_t masked_end) {
    for (int64_t j = begin; j < masked_end; ++j) {
      const F32x16 hidden = broadcast(-std::numeric_limits<float>::infinity());
      const F32x16 score = select(view.seen(i, j), load(scores + j * kTile), hidden);
      store(scores + j * kTile, score);
      largest = max(largest, score);
    }
  };
  mask(first, from);
  for (int64_t j = from; j < to; ++j) largest = max(largest, load(scores + j * kTile));
  mask(to, end);
  F32x16 total = broadcast(0.0f);
  for (int64_t j = first; j < end; ++j) {
    const F32x16 p = exp2(load(scores + j * kTile) - largest);
    store(scores + j * kTile, p);
    total = total + p;
  }
  const F32x16 rescale = exp2(old_max - largest);
  store(tile.max + i, largest);
  store(tile.rescale + i, rescale);
  store(tile.total + i, fma(load(tile.total + i), rescale, total));
  return count_true(old_max < largest) != 0;
}

inline void drop_group(ForwardTile& tile, const TileView& view, const DropoutKeys& keys, int64_t first_row, int64_t i) {
  const QueryIndices indices(keys, first_row + i);
  const int64_t seen = view.seen_by(i + 15), first = view.hidden_from(i);
  for (int64_t j = first / 4 * 4; j < seen; j += 4) {
    F32x16 factors[4];
    indices.factors(keys, view.k0 + j, factors);
    for (int64_t w = std::max<int64_t>(0, first - j); w < std::min<int64_t>(4, seen - j); ++w) {
      float* p = tile.scores + (j + w) * kTile + i;
      store(p, load(p) * factors[w]);
    }
  }
}

inline void rescale_rows(float* rows, const float* factors, int64_t count, int64_t padded_D) {
  for (int64_t r = 0; r < count; ++r) {
    const F32x16 f = broadcast(factors[r]);
    for (int64_t d = 0; d < padded_D; d += kLanes) store(rows + r * padded_D + d, load(rows + r * padded_D + d) * f);
  }
}

// Divides by the sums and writes y and the log of the sum. A query that sees no key gets zeros.
template <class Real>
inline void finish_tile(ForwardTile& tile, const AttentionForward& args, int64_t sample, int64_t head, int64_t begin,
                        int64_t queries) {
  const AttentionShape& s = args.shape;
  alignas(64) float logarithms[kTile];
  for (int64_t i = 0; i < queries; i += kLanes) {
    const F32x16 total = load(tile.total + i), zero = broadcast(0.0f);
    const F32x16 logarithm = fma(load(tile.max + i), broadcast(kLn2), log(total));
    const Mask16 none = total < broadcast(std::numeric_limits<float>::min());
    store(logarithms + i, select(none, broadcast(-std::numeric_limits<float>::infinity()), logarithm));
    store(tile.rescale + i, select(none, zero, broadcast(1.0f) / total));
  }
  const int64_t padded_D = round_up<int64_t>(s.D, 16);
  rescale_rows(tile.sums, tile.rescale, queries, padded_D);
  store_rows(head_pointer<Real>(args.y, sample, begin, head, s.D), args.y.token_stride, tile.sums, padded_D, queries,
             s.D, 1.0f);
  if (args.logsumexp)
    std::memcpy(args.logsumexp.as<float>() + (sample * s.H + head) * s.Tq + begin, logarithms,
                static_cast<size_t>(queries) * sizeof(float));
}

template <class Real>
inline void forward_key_tile(ForwardTile& tile, const AttentionForward& args, const DropoutKeys& keys,
                             const TileView& view, int64_t sample, int64_t head, Requests& requests) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16), key_head = head / (s.H / s.Hkv);
  const TileRows rows = rows_along_D(tile.keys, padded_D, head_pointer<Real>(args.k, sample, view.k0, key_head, s.D),
                                     args.k.token_stride, view.keys, s.D);
  pack_rows(tile.values, padded_D, head_pointer<Real>(args.v, sample, view.k0, key_head, s.D), args.v.token_stride,
            view.keys, s.D);
  scores_of(tile.scores, view, rows, tile.queries, s.D, requests);
  bool moved = false;
  for (int64_t i = 0; i < view.queries; i += kLanes) {
    moved |= softmax_group(tile, view, i);
    if (args.dropout.p > 0) drop_group(tile, view, keys, (sample * s.H + head) * s.Tq + view.q0, i);
  }
  if (moved && view.k0 > 0) rescale_rows(tile.sums, tile.rescale, view.queries, padded_D);
  add_over_keys(tile.sums, view, tile.scores, tile.values, padded_D, requests);
}

template <class Real>
inline void forward_tile(const AttentionForward& args, int64_t sample, int64_t head, int64_t begin, int64_t end,
                         Requests& requests) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16), queries = end - begin, padded = round_up<int64_t>(queries, 16);
  ForwardTile tile;
  pack_rows(tile.sums, padded_D, head_pointer<Real>(args.q, sample, begin, head, s.D), args.q.token_stride, queries,
            s.D, s.scale * kLog2E);
  transpose_tile(tile.queries, tile.sums, padded_D, queries);
  std::memset(tile.sums, 0, static_cast<size_t>(padded * padded_D) * sizeof(float));
  std::fill_n(tile.max, padded, std::numeric_limits<float>::lowest());
  std::fill_n(tile.total, padded, 0.0f);
  const DropoutKeys keys(args.dropout);
  const int64_t keys_end = keys_seen(s, args.prefix_ends, sample, end);
  const FirstKeys first(s, args.starts, sample, begin, end);
  const SeenEnds ends(s, args.prefix_ends, sample, begin, end);
  for (int64_t k0 = first.first_tile(); k0 < keys_end; k0 += kTile)
    forward_key_tile<Real>(
        tile, args, keys,
        {begin, queries, k0, std::min(kTile, keys_end - k0), mask_shift(s), first.or_null(), ends.or_null()}, sample,
        head, requests);
  finish_tile<Real>(tile, args, sample, head, begin, queries);
}

// What the piece writes, and what the next one reads and this one did not.
template <class Real>
inline Requests forward_requests(const AttentionForward& args, const AttentionPiece& piece,
                                 const AttentionPiece& next) {
  const AttentionShape& s = args.shape;
  const int64_t heads = s.H / s.Hkv, key_head = next.head / heads;
  const bool same_keys = next.sample == piece.sample && key_head == piece.head / heads;
  const int64_t seen = FirstKeys::first_key(s, args.starts, next.sample, next.begin);
  const int64_t first_key = same_keys ? keys_seen(s, args.prefix_ends, piece.sample, piece.end) : seen;
  const int64_t last_key = keys_seen(s, args.prefix_ends, next.sample, next.end);
  Requests requests;
  request_rows<Real>(requests, args.y, piece, piece.begin, piece.end, piece.head, s.D, 1, Access::write);
  request_rows<Real>(requests, args.q, next, next.begin, next.end, next.head, s.D, 1);
  request_rows<Real>(requests, args.k, next, first_key, last_key, key_head, s.D, 1);
  request_rows<Real>(requests, args.v, next, first_key, last_key, key_head, s.D, 1);
  return requests;
}

void attention_forward(const AttentionForward& args, const AttentionPiece& piece, const AttentionPiece& next) {
  with_real(args.shape.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    Requests requests = forward_requests<Real>(args, piece, next);
    for (int64_t begin = piece.begin; begin < piece.end; begin += kTile)
      forward_tile<Real>(args, piece.sample, piece.head, begin, std::min(piece.end, begin + kTile), requests);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
