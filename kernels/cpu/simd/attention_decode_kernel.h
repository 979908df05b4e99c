// Attention of one or a few queries over a long cache: the cost is reading keys and values once, so they are read where
// they lie, in pieces of keys that are merged afterwards.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// scores (keys) of one packed query, four keys at a time.
template <class Real>
inline void decode_scores(float* scores, const float* query, const Real* k, int64_t stride, int64_t keys, int64_t D) {
  for (int64_t j = 0; j < keys; j += 4) {
    F32x16 products[4] = {broadcast(0.0f), broadcast(0.0f), broadcast(0.0f), broadcast(0.0f)};
    const Real* rows[4];  // the last key again where there are no more
    for (int64_t r = 0; r < 4; ++r) rows[r] = k + std::min(j + r, keys - 1) * stride;
    for_vectors(D, [&](int64_t d, auto lanes) {
      for (int r = 0; r < 4; ++r) products[r] = fma(load(query + d), load(rows[r] + d, lanes), products[r]);
    });
    sum_lanes_of_four(products, scores + j);
  }
}

// sums[0, 16 * kVectors) = weights (keys) times columns of v; kVectors > 1 only where they all exist.
template <int kVectors, class Real, class Lanes>
inline void decode_values(float* sums, const float* weights, const Real* v, int64_t stride, int64_t keys, Lanes lanes) {
  F32x16 columns[kVectors];
  for (int n = 0; n < kVectors; ++n) columns[n] = broadcast(0.0f);
  for (int64_t j = 0; j < keys; ++j)
    for (int n = 0; n < kVectors; ++n)
      columns[n] = fma(broadcast(weights[j]), load(v + j * stride + n * kLanes, lanes), columns[n]);
  for (int n = 0; n < kVectors; ++n) store(sums + n * kLanes, columns[n]);
}

// Scores become exp2(score - largest). Returns largest and their sum.
inline void decode_softmax(float* scores, int64_t keys, float& largest, float& total) {
  F32x16 lane_max = broadcast(std::numeric_limits<float>::lowest());
  for_vectors(keys, [&](int64_t j, auto lanes) {
    lane_max = max(lane_max, existing(load(scores + j, lanes), lanes, std::numeric_limits<float>::lowest()));
  });
  largest = max_lanes(lane_max);
  F32x16 sum = broadcast(0.0f);
  for_vectors(keys, [&](int64_t j, auto lanes) {
    const F32x16 p = existing(exp2(load(scores + j, lanes) - broadcast(largest)), lanes, 0.0f);
    store(scores + j, p, lanes);
    sum = sum + p;
  });
  total = sum_lanes(sum);
}

// partial: sum of exp2(score - max) * value (padded D), then max, then the sum of exp2(score - max).
template <class Real>
inline void decode_query(const AttentionForward& args, const Real* q, const Real* k, const Real* v, int64_t keys,
                         float* partial) {
  const int64_t D = args.shape.D, padded_D = round_up<int64_t>(D, 16), stride = args.v.token_stride;
  alignas(64) float query[kMaxD];
  alignas(64) float scores[kDecodeKeys];
  for_vectors(D, [&](int64_t d, auto lanes) {
    store(query + d, load(q + d, lanes) * broadcast(args.shape.scale * kLog2E), Full{});
  });
  decode_scores(scores, query, k, args.k.token_stride, keys, D);
  decode_softmax(scores, keys, partial[padded_D], partial[padded_D + 1]);
  int64_t d = 0;
  for (; d + 4 * kLanes <= D; d += 4 * kLanes) decode_values<4>(partial + d, scores, v + d, stride, keys, Full{});
  for_vectors(
      D - d, [&](int64_t e, auto lanes) { decode_values<1>(partial + d + e, scores, v + d + e, stride, keys, lanes); });
}

void attention_decode(const AttentionForward& args, int64_t sample, int64_t key_head, int64_t begin, int64_t end,
                      float* partial) {
  const AttentionShape& s = args.shape;
  const int64_t heads = s.H / s.Hkv, stride = round_up<int64_t>(s.D, 16) + kDecodeExtra;
  with_real(s.dtype, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    const Real* k = head_pointer<Real>(args.k, sample, begin, key_head, s.D);
    const Real* v = head_pointer<Real>(args.v, sample, begin, key_head, s.D);
    for (int64_t head = 0; head < heads; ++head)
      for (int64_t i = 0; i < s.Tq; ++i) {
        const int64_t seen = std::clamp<int64_t>(keys_seen(s, i + 1) - begin, 0, end - begin);
        const int64_t first = std::clamp<int64_t>(FirstKeys::first_key(s, args.starts, sample, i) - begin, 0, seen);
        decode_query<Real>(args, head_pointer<Real>(args.q, sample, i, key_head * heads + head, s.D),
                           k + first * args.k.token_stride, v + first * args.v.token_stride, seen - first,
                           partial + (head * s.Tq + i) * stride);
      }
  });
}

void attention_decode_merge(const AttentionForward& args, int64_t sample, int64_t head, int64_t query,
                            const float* partial, int64_t chunks, int64_t stride) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16);
  alignas(64) float sums[kMaxD] = {};
  float largest = std::numeric_limits<float>::lowest(), total = 0;
  for (int64_t c = 0; c < chunks; ++c) largest = std::max(largest, partial[c * stride + padded_D]);
  for (int64_t c = 0; c < chunks; ++c) {
    const float* part = partial + c * stride;
    const F32x16 rescale = exp2(broadcast(part[padded_D]) - broadcast(largest));
    total += part[padded_D + 1] * lane0(rescale);
    for (int64_t d = 0; d < padded_D; d += kLanes) store(sums + d, fma(load(part + d), rescale, load(sums + d)));
  }
  const float factor = total > 0 || total != total ? 1.0f / total : 0.0f;  // 0: the query sees no key
  with_real(s.dtype, [&](auto* real) {
    store_rows(head_pointer<std::remove_pointer_t<decltype(real)>>(args.y, sample, query, head, s.D), 0, sums, padded_D,
               1, s.D, factor);
  });
  if (args.logsumexp)
    args.logsumexp.as<float>()[(sample * s.H + head) * s.Tq + query] =
        lane0(fma(broadcast(largest), broadcast(kLn2), log(broadcast(total))));
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
