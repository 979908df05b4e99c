// Attention of one or a few queries over a long cache: the cost is reading keys and values once, so they are read where
// they lie.
//
// Every sum has the order that it has in attention_forward_kernel.h: scores along D, probabilities and values key after
// key, tile of keys after tile. So a query has the same bits alone and among others.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct DecodeQuery {
  alignas(64) float query[kMaxD];  // scaled
  alignas(64) float sums[kMaxD];   // of probabilities times values
  alignas(64) float scores[kTile];
  float max = std::numeric_limits<float>::lowest();
  float total = 0;  // of exp2(score - max)
};

// scores (16) of 16 keys, dense rows of `stride`.
inline void decode_sixteen_keys(float* scores, const float* query, const float* keys, int64_t stride, int64_t D) {
  F32x16 sums = broadcast(0.0f);
  int64_t d = 0;
  for (; d + 4 <= D; d += 4) {
    F32x16 block[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) block[i] = load_quarters(keys + i * stride + d, 4 * stride);
    transpose_quarters(block);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sums = fma(block[i], broadcast(query[d + i]), sums);
  }
  for (; d < D; ++d) {
    alignas(64) float lanes[kLanes];
    for (int i = 0; i < kLanes; ++i) lanes[i] = keys[i * stride + d];
    sums = fma(load(lanes), broadcast(query[d]), sums);
  }
  store(scores, sums);
}

// scores [first, end) of a tile's keys; a few beside them are written too.
template <class Real>
inline void decode_scores(DecodeQuery& q, const Real* keys, int64_t stride, int64_t first, int64_t end, int64_t D) {
  alignas(64) float packed[kLanes * kMaxD];
  const int64_t padded_D = round_up<int64_t>(D, 16);
  for (int64_t j = first / kLanes * kLanes; j < end; j += kLanes) {
    const int64_t begin = std::max(j, first), count = std::min(end, j + kLanes) - begin;
    TileRows rows{packed, padded_D};
    if (count == kLanes)
      rows = rows_along_D(packed, padded_D, keys + j * stride, stride, kLanes, D);
    else
      pack_rows(packed + (begin - j) * padded_D, padded_D, keys + begin * stride, stride, count, D);
    decode_sixteen_keys(q.scores + j, q.query, rows.first, rows.stride, D);
  }
}

// Scores [first, end) become probabilities relative to the new maximum. Returns what makes older ones such.
inline float decode_softmax(DecodeQuery& q, int64_t first, int64_t end) {
  float largest = q.max;
  for (int64_t j = first; j < end; ++j)
    largest = q.scores[j] > largest || q.scores[j] != q.scores[j] ? q.scores[j] : largest;
  for (int64_t j = first / kLanes * kLanes; j < end; j += kLanes)
    store(q.scores + j, exp2(load(q.scores + j) - broadcast(largest)));
  float total = 0;
  for (int64_t j = first; j < end; ++j) total += q.scores[j];
  const float rescale = lane0(exp2(broadcast(q.max) - broadcast(largest)));
  q.total = lane0(fma(broadcast(q.total), broadcast(rescale), broadcast(total)));
  q.max = largest;
  return rescale;
}

// sums [0, 16 * kVectors) += weights (keys) times columns of v; kVectors > 1 only where they all exist.
template <int kVectors, class Real, class Lanes>
inline void decode_values(float* sums, float rescale, const float* weights, const Real* v, int64_t stride, int64_t keys,
                          Lanes lanes) {
  F32x16 columns[kVectors];
#pragma GCC unroll 4
  for (int n = 0; n < kVectors; ++n) columns[n] = load(sums + n * kLanes) * broadcast(rescale);
  for (int64_t j = 0; j < keys; ++j)
#pragma GCC unroll 4
    for (int n = 0; n < kVectors; ++n)
      columns[n] = fma(broadcast(weights[j]), load(v + j * stride + n * kLanes, lanes), columns[n]);
#pragma GCC unroll 4
  for (int n = 0; n < kVectors; ++n) store(sums + n * kLanes, columns[n]);
}

template <class Real>
inline void decode_tile(DecodeQuery& q, const AttentionForward& args, const Real* k, const Real* v, int64_t first,
                        int64_t end) {
  const int64_t D = args.shape.D, stride = args.v.token_stride, keys = end - first;
  decode_scores(q, k, args.k.token_stride, first, end, D);
  const float rescale = decode_softmax(q, first, end);
  const float* weights = q.scores + first;
  v += first * stride;
  int64_t d = 0;
  for (; d + 4 * kLanes <= D; d += 4 * kLanes)
    decode_values<4>(q.sums + d, rescale, weights, v + d, stride, keys, Full{});
  for_vectors(D - d, [&](int64_t e, auto lanes) {
    decode_values<1>(q.sums + d + e, rescale, weights, v + d + e, stride, keys, lanes);
  });
}

template <class Real>
void decode_query(const AttentionForward& args, int64_t sample, int64_t head, int64_t i) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16), key_head = head / (s.H / s.Hkv),
                seen = keys_seen(s, args.prefix_ends, sample, i + 1);
  const int64_t first = FirstKeys::first_key(s, args.starts, sample, i);
  DecodeQuery q;
  std::memset(q.sums, 0, sizeof(float) * static_cast<size_t>(padded_D));
  std::memset(q.scores, 0, sizeof q.scores);
  const Real* from = head_pointer<Real>(args.q, sample, i, head, s.D);
  for_vectors(s.D,
              [&](int64_t d, auto lanes) { store(q.query + d, load(from + d, lanes) * broadcast(s.scale * kLog2E)); });
  for (int64_t k0 = first / kTile * kTile; k0 < seen; k0 += kTile)
    decode_tile(q, args, head_pointer<Real>(args.k, sample, k0, key_head, s.D),
                head_pointer<Real>(args.v, sample, k0, key_head, s.D), std::max<int64_t>(first - k0, 0),
                std::min(kTile, seen - k0));
  const bool none = q.total < std::numeric_limits<float>::min();  // it sees no key
  store_rows(head_pointer<Real>(args.y, sample, i, head, s.D), 0, q.sums, padded_D, 1, s.D,
             none ? 0.0f : 1.0f / q.total);
  if (!args.logsumexp) return;
  const float logarithm = lane0(fma(broadcast(q.max), broadcast(kLn2), log(broadcast(q.total))));
  args.logsumexp.as<float>()[(sample * s.H + head) * s.Tq + i] =
      none ? -std::numeric_limits<float>::infinity() : logarithm;
}

void attention_decode(const AttentionForward& args, int64_t sample, int64_t head, int64_t query) {
  with_real(args.shape.dtype,
            [&](auto* real) { decode_query<std::remove_pointer_t<decltype(real)>>(args, sample, head, query); });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
