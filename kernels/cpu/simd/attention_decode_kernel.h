// Attention of one or a few queries over a long cache: the cost is reading keys and values once, so they are read where
// they lie, in pieces of keys that are merged afterwards.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// partial: sum of exp2(score - max) * value (padded D), then max, then the sum of exp2(score - max).
template <class Real>
inline void decode_query(const AttentionForward& args, const Real* q, const Real* k, const Real* v, int64_t keys,
                         float* partial) {
  const AttentionShape& s = args.shape;
  const int64_t padded_D = round_up<int64_t>(s.D, 16);
  alignas(64) float query[kMaxD];
  alignas(64) float scores[kDecodeKeys];
  for_vectors(s.D, [&](int64_t d, auto lanes) {
    store(query + d, load(q + d, lanes) * broadcast(s.scale * kLog2E), Full{});
    store(partial + d, broadcast(0.0f), Full{});
  });
  float largest = std::numeric_limits<float>::lowest();
  for (int64_t j = 0; j < keys; ++j) {
    F32x16 product = broadcast(0.0f);
    for_vectors(s.D, [&](int64_t d, auto lanes) {
      product = fma(load(query + d), load(k + j * args.k.token_stride + d, lanes), product);
    });
    scores[j] = sum_lanes(product);
    largest = scores[j] > largest ? scores[j] : largest;
  }
  F32x16 total = broadcast(0.0f);
  for_vectors(keys, [&](int64_t j, auto lanes) {
    const F32x16 p = existing(exp2(load(scores + j, lanes) - broadcast(largest)), lanes, 0.0f);
    store(scores + j, p, lanes);
    total = total + p;
  });
  for (int64_t j = 0; j < keys; ++j) {
    const F32x16 p = broadcast(scores[j]);
    for_vectors(s.D, [&](int64_t d, auto lanes) {
      store(partial + d, fma(p, load(v + j * args.v.token_stride + d, lanes), load(partial + d)));
    });
  }
  partial[padded_D] = largest;
  partial[padded_D + 1] = sum_lanes(total);
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
      for (int64_t i = 0; i < s.Tq; ++i)
        decode_query<Real>(args, head_pointer<Real>(args.q, sample, i, key_head * heads + head, s.D), k, v,
                           std::clamp<int64_t>(keys_seen(s, i + 1) - begin, 0, end - begin),
                           partial + (head * s.Tq + i) * stride);
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
