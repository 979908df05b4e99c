// Tiles of attention: packing, and which scores a query may see.
//
// Scores are held transposed, key by query, so that a vector is one key's scores of 16 queries: maxima and sums over
// keys are plain vector operations, dropout's four words are four keys, and both products of backward that sum over
// queries read it as it lies. Exponentials are of base 2: queries are scaled by scale * log2(e) when they are packed.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

constexpr int64_t kTile = kAttentionTile;
constexpr int64_t kMaxD = kAttentionMaxD;

// Pads to whole vectors with zeros: rows to the next multiple of 16, columns likewise.
template <class Real>
inline void pack_rows(float* to, int64_t padded_D, const Real* from, int64_t stride, int64_t rows, int64_t D,
                      float factor = 1) {
  const F32x16 f = broadcast(factor);
  for (int64_t r = 0; r < rows; ++r)
    for_vectors(D,
                [=](int64_t d, auto lanes) { store(to + r * padded_D + d, load(from + r * stride + d, lanes) * f); });
  std::memset(to + rows * padded_D, 0, static_cast<size_t>((round_up<int64_t>(rows, 16) - rows) * padded_D) * 4);
}

struct TileRows {
  const float* first;
  int64_t stride;
};

// Rows that are read along D: where they lie if they are whole groups of f32, else packed into `to`.
template <class Real>
inline TileRows rows_along_D(float* to, int64_t padded_D, const Real* from, int64_t stride, int64_t rows, int64_t D) {
  if constexpr (std::is_same_v<Real, float>) {
    if (rows % 16 == 0) return {from, stride};
  }
  pack_rows(to, padded_D, from, stride, rows, D);
  return {to, padded_D};
}

// to (padded_D, kTile) from packed rows.
inline void transpose_tile(float* to, const float* from, int64_t padded_D, int64_t rows) {
  for (int64_t r = 0; r < rows; r += kLanes)
    for (int64_t d = 0; d < padded_D; d += 4) {
      F32x16 block[4];
      for (int q = 0; q < 4; ++q) block[q] = load_quarters(from + (r + q) * padded_D + d, 4 * padded_D);
      transpose_quarters(block);
      for (int q = 0; q < 4; ++q) store(to + (d + q) * kTile + r, block[q]);
    }
}

template <class Real>
inline void store_rows(Real* to, int64_t stride, const float* from, int64_t padded_D, int64_t rows, int64_t D,
                       float factor) {
  const F32x16 f = broadcast(factor);
  for (int64_t r = 0; r < rows; ++r)
    for_vectors(D,
                [=](int64_t d, auto lanes) { store(to + r * stride + d, load(from + r * padded_D + d) * f, lanes); });
}

template <class Real>
inline Real* head_pointer(const Heads& heads, int64_t sample, int64_t token, int64_t head, int64_t D) {
  return static_cast<Real*>(heads.data) + sample * heads.sample_stride + token * heads.token_stride + head * D;
}

// Rows [begin, end) of `heads` neighbouring heads will be needed.
template <class Real>
inline void request_rows(Requests& requests, const Heads& heads, const AttentionPiece& piece, int64_t begin,
                         int64_t end, int64_t head, int64_t D, int64_t count, Access access = Access::read) {
  requests.add(head_pointer<Real>(heads, piece.sample, begin, head, D), heads.token_stride, end - begin, count * D,
               access);
}

// Queries [q0, q0 + queries) against keys [k0, k0 + keys). With a causal mask query i sees key j <= i + shift.
struct TileView {
  int64_t q0, queries, k0, keys, shift;
  // The first key that query q0 + i sees, not falling, whole vectors of them; null: each sees key 0.
  const int32_t* first_keys = nullptr;
  // Likewise the end of the keys that it sees, not falling; null: as the causal mask says.
  const int32_t* seen_ends = nullptr;

  // Query q0 + i sees keys [hidden_from(i), seen_by(i)) of the tile; i may lie beyond the last query.
  int64_t seen_by(int64_t i) const {
    return std::clamp<int64_t>((seen_ends == nullptr ? q0 + i + shift + 1 : seen_ends[i]) - k0, 0, keys);
  }
  int64_t hidden_from(int64_t i) const {
    return first_keys == nullptr ? 0 : std::clamp<int64_t>(first_keys[i] - k0, 0, keys);
  }
  // Groups of 16 queries one of which sees a key of the 16 from k0 + j: [first_group(j), end_group(j)).
  int64_t first_group(int64_t j) const {
    if (seen_ends != nullptr) {
      int64_t first = 0;
      while (first < groups() && seen_ends[16 * first + 15] <= k0 + j) ++first;
      return first;
    }
    return std::clamp<int64_t>(ceil_div<int64_t>(std::max<int64_t>(k0 + j - shift - q0 - 15, 0), 16), 0, groups());
  }
  int64_t end_group(int64_t j) const {
    int64_t end = groups();
    if (first_keys != nullptr)
      while (end > 0 && first_keys[16 * (end - 1)] > k0 + j + 15) --end;
    return end;
  }
  int64_t groups() const { return ceil_div<int64_t>(queries, 16); }
  // Which of the 16 queries from q0 + i see key k0 + j.
  Mask16 seen(int64_t i, int64_t j) const {
    const Mask16 not_after = seen_ends == nullptr
                                 ? broadcast(static_cast<int32_t>(k0 + j - shift - q0 - i - 1)) < lane_numbers()
                                 : broadcast(static_cast<int32_t>(k0 + j)) < load(seen_ends + i);
    if (first_keys == nullptr) return not_after;
    return not_after & (load(first_keys + i) < broadcast(static_cast<int32_t>(k0 + j + 1)));
  }
};

// The first keys that queries [begin, end) of a sample see, for TileView, as many as a tile has.
struct FirstKeys {
  alignas(64) int32_t keys[kTile];
  bool all_from_zero;

  FirstKeys(const AttentionShape& s, const Tensor& starts, int64_t sample, int64_t begin, int64_t end)
      : all_from_zero(s.window == 0 && !starts) {
    if (all_from_zero) return;
    for (int64_t i = 0; i < kTile; ++i) keys[i] = first_key(s, starts, sample, std::min(begin + i, end - 1));
  }
  const int32_t* or_null() const { return all_from_zero ? nullptr : keys; }
  // The first key that any of them sees, at the begin of a tile.
  int64_t first_tile() const { return all_from_zero ? 0 : keys[0] / kTile * kTile; }

  static int32_t first_key(const AttentionShape& s, const Tensor& starts, int64_t sample, int64_t query) {
    const int64_t of_window = s.window == 0 ? 0 : std::max<int64_t>(0, query + s.Tk - s.Tq + 1 - s.window);
    const int32_t of_document = starts ? starts.as<int32_t>()[sample * s.Tq + query] : 0;
    return std::max(static_cast<int32_t>(of_window), of_document);
  }
};

inline int64_t mask_shift(const AttentionShape& shape) { return shape.causal ? shape.Tk - shape.Tq : shape.Tk; }
// Keys that some query before `queries_end`, at least 1, sees: with a prefix, its end may lie behind the last of them.
inline int64_t keys_seen(const AttentionShape& shape, const Tensor& prefix_ends, int64_t sample, int64_t queries_end) {
  int64_t end = queries_end + mask_shift(shape);
  if (prefix_ends) end = std::max<int64_t>(end, prefix_ends.as<int32_t>()[sample * shape.Tq + queries_end - 1]);
  return std::clamp<int64_t>(end, 0, shape.Tk);
}

// The ends of the keys that queries [begin, end) of a sample see, for TileView, as many as a tile has.
struct SeenEnds {
  alignas(64) int32_t ends[kTile];
  bool causal;

  SeenEnds(const AttentionShape& s, const Tensor& prefix_ends, int64_t sample, int64_t begin, int64_t end)
      : causal(!prefix_ends) {
    if (causal) return;
    for (int64_t i = 0; i < kTile; ++i)
      ends[i] = static_cast<int32_t>(keys_seen(s, prefix_ends, sample, std::min(begin + i + 1, end)));
  }
  const int32_t* or_null() const { return causal ? nullptr : ends; }
};

// scores (keys, kTile) = a (keys, D) b (D, kTile), where a query can see them.
inline void scores_of(float* scores, const TileView& view, const TileRows& a, const float* b, int64_t D,
                      Requests& requests) {
  for (int64_t j = 0; j < view.keys; j += 16) {
    const int64_t first = view.first_group(j);
    product_16_rows<Order::rows, Into::overwrite>(a.first + j * a.stride, a.stride, b + first * 16, kTile,
                                                  scores + j * kTile + first * 16, kTile, view.end_group(j) - first, D,
                                                  requests);
  }
}

// sums (queries, D) += weights (keys, kTile) transposed, times rows (keys, D).
inline void add_over_keys(float* sums, const TileView& view, const float* weights, const float* rows, int64_t padded_D,
                          Requests& requests) {
  for (int64_t i = 0; i < view.queries; i += 16) {
    const int64_t first = view.hidden_from(i);
    product_16_rows<Order::columns, Into::add>(weights + first * kTile + i, kTile, rows + first * padded_D, padded_D,
                                               sums + i * padded_D, padded_D, padded_D / 16,
                                               view.seen_by(i + 15) - first, requests);
  }
}

// sums (keys, D) += weights (keys, kTile) times rows (queries, D).
inline void add_over_queries(float* sums, const TileView& view, const float* weights, const float* rows,
                             int64_t padded_D, Requests& requests) {
  for (int64_t j = 0; j < view.keys; j += 16) {
    const int64_t i = view.first_group(j) * 16, end = std::min(view.queries, view.end_group(j) * 16);
    if (i < end)
      product_16_rows<Order::rows, Into::add>(weights + j * kTile + i, kTile, rows + i * padded_D, padded_D,
                                              sums + j * padded_D, padded_D, padded_D / 16, end - i, requests);
  }
}

// Dropout of probabilities of 16 queries: their generator's indices, one per lane.
struct QueryIndices {
  I32x16 low, high;

  // row: of (b, h, i) order, of the first query.
  QueryIndices(const DropoutKeys& keys, int64_t row) {
    alignas(64) int32_t lows[kLanes], highs[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      const uint64_t index = keys.index_of_row(row + lane);
      lows[lane] = static_cast<int32_t>(index);
      highs[lane] = static_cast<int32_t>(index >> 32);
    }
    low = load(lows);
    high = load(highs);
  }
  // Factors of keys [key, key + 4); key is a multiple of 4.
  void factors(const DropoutKeys& keys, int64_t key, F32x16 result[4]) const {
    I32x16 words[4] = {broadcast(static_cast<int32_t>(key / 4)), keys.stream, low, high};
    philox(keys.key, words);
    for (int w = 0; w < 4; ++w) result[w] = keys.factor(words[w]);
  }
};

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
