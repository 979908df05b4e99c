// Rotary positions of whole tokens, with the norm of heads before them.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

struct SineCosine {
  F32x16 sine, cosine;
};

// Right to 1e-7 for |x| up to 10^6. x less the nearest multiple n of pi / 2: the first product is exact within the
// fused multiply-add, which leaves what the second part of pi / 2 is taken from.
inline SineCosine sine_cosine(F32x16 x) {
  const F32x16 n = round(x * broadcast(0x1.45f306p-1f));
  const F32x16 r = fma(n, broadcast(0x1.777a5cp-25f), fma_negated(n, broadcast(0x1.921fb6p+0f), x)), z = r * r;
  // Chebyshev interpolation on |r| <= 0.86: within 2e-8 and 3e-9.
  const F32x16 sine_tail = horner(z, broadcast(-0x1.99bd7ep-13f), 0x1.110a08p-7f, -0x1.555550p-3f);
  const F32x16 cosine_tail = horner(z, broadcast(0x1.9b017ep-16f), -0x1.6c111ep-10f, 0x1.555554p-5f);
  const F32x16 sine = fma(z * r, sine_tail, r);
  const F32x16 cosine = fma(z * z, cosine_tail, fma(z, broadcast(-0.5f), broadcast(1.0f)));
  const I32x16 quarter = to_int(n), one = broadcast(1), two = broadcast(2);
  const Mask16 odd = broadcast(0) < (quarter & one);
  const auto with_sign = [](F32x16 value, I32x16 bit_of_two) {
    return from_bits(bits_of(value) ^ shift_left<30>(bit_of_two));
  };
  return {with_sign(select(odd, cosine, sine), quarter & two),
          with_sign(select(odd, sine, cosine), (quarter + one) & two)};
}

// What the heads of one token are turned by; of interleaved pairs for each element, with the sign of its sine.
struct TokenTurn {
  alignas(64) float cosines[kRotaryMaxD];
  alignas(64) float sines[kRotaryMaxD];

  // direction: 1, or -1 to turn back.
  TokenTurn(const RotaryShape& s, float position, float direction) {
    const F32x16 at = broadcast(position), amplitude = broadcast(s.amplitude);
    for (int64_t i = 0; i < s.R / 2; i += kLanes) {
      const SineCosine turn = sine_cosine(load(s.frequencies.data() + i) * at);
      store(cosines + i, turn.cosine * amplitude);
      store(sines + i, turn.sine * (amplitude * broadcast(direction)));
    }
    if (!s.interleaved) return;
    for (int64_t i = s.R / 2 - 1; i >= 0; --i) {
      cosines[2 * i] = cosines[2 * i + 1] = cosines[i];
      const float sine = sines[i];
      sines[2 * i] = -sine;
      sines[2 * i + 1] = sine;
    }
  }
};

// One head; `to` may be `from`.
template <class To, class From>
inline void turn_head(To* to, const From* from, const RotaryShape& s, const TokenTurn& turn) {
  const int64_t R = s.R;
  if (s.interleaved) {
    for_vectors(R, [=, &turn](int64_t i, auto lanes) {
      const F32x16 x = load(from + i, lanes);
      store(to + i, fma(swap_pairs(x), load(turn.sines + i), x * load(turn.cosines + i)), lanes);
    });
  } else {
    const int64_t half = R / 2;
    for_vectors(half, [=, &turn](int64_t i, auto lanes) {
      const F32x16 a = load(from + i, lanes), b = load(from + half + i, lanes);
      const F32x16 cosine = load(turn.cosines + i), sine = load(turn.sines + i);
      store(to + i, fma_negated(b, sine, a * cosine), lanes);
      store(to + half + i, fma(a, sine, b * cosine), lanes);
    });
  }
  if (static_cast<const void*>(to) == static_cast<const void*>(from)) return;
  for_vectors(s.D - R, [=](int64_t i, auto lanes) { store(to + R + i, load(from + R + i, lanes), lanes); });
}

template <class Real>
inline float rstd_of(const Real* x, int64_t D, float eps) {
  F32x16 squares = broadcast(0.0f);
  for_vectors(D, [&](int64_t i, auto lanes) {
    const F32x16 value = load(x + i, lanes);
    squares = fma(value, value, squares);
  });
  return 1.0f / std::sqrt(sum_lanes(squares) / static_cast<float>(D) + eps);
}

// Of the token in the row n of (B, T).
inline float position_of(const Tensor& position, const Tensor& starts, int64_t n, int64_t T) {
  const int64_t start = starts ? starts.as<int32_t>()[n] : 0;
  return static_cast<float>(first_position(position, n / T) + n % T - start);
}

template <class Real>
inline void forward_token(const RotaryForward& args, int64_t n) {
  const RotaryShape& s = args.shape;
  const int64_t width = args.x.shape[2];
  const TokenTurn turn(s, position_of(args.position, args.starts, n, args.x.shape[1]), 1);
  Real* x = args.x.as<Real>() + n * width;
  if (args.kept)
    std::memcpy(args.kept.as<Real>() + n * s.heads() * s.D, x, static_cast<size_t>(s.heads() * s.D) * sizeof(Real));
  for (int64_t head = 0; head < s.heads(); ++head, x += s.D) {
    const Tensor& weight = head < s.H ? args.query_weight : args.key_weight;
    if (!weight) {
      turn_head(x, x, s, turn);
      continue;
    }
    alignas(64) float normed[kRotaryMaxD];
    const F32x16 scale = broadcast(rstd_of(x, s.D, s.eps));
    const Real* w = weight.as<Real>();
    for_vectors(s.D, [=, &normed](int64_t i, auto lanes) {
      store(normed + i, load(x + i, lanes) * scale * load(w + i, lanes), lanes);
    });
    turn_head(x, normed, s, turn);
  }
}

void rotary_forward(const RotaryForward& args, int64_t begin, int64_t end) {
  with_real(args.x.dtype, [&](auto* real) {
    for (int64_t n = begin; n < end; ++n) forward_token<std::remove_pointer_t<decltype(real)>>(args, n);
  });
}

// dx of one normed head from the gradient g of what the norm gave; g * normalised x is added to dweight.
template <class Real>
inline void norm_head_backward(Real* dx, const float* g, const Real* x, const Real* weight, int64_t D, float eps,
                               float* dweight) {
  const float rstd = rstd_of(x, D, eps);
  const F32x16 scale = broadcast(rstd);
  F32x16 sum = broadcast(0.0f);
  for_vectors(D, [&](int64_t i, auto lanes) {
    const F32x16 normalised = load(x + i, lanes) * scale, d = load(g + i, lanes);
    sum = fma(d * load(weight + i, lanes), normalised, sum);
    store(dweight + i, fma(d, normalised, load(dweight + i, lanes)), lanes);
  });
  const F32x16 mean = broadcast(sum_lanes(sum) / static_cast<float>(D));
  for_vectors(D, [=](int64_t i, auto lanes) {
    const F32x16 normalised = load(x + i, lanes) * scale;
    store(dx + i, fma_negated(normalised, mean, load(g + i, lanes) * load(weight + i, lanes)) * scale, lanes);
  });
}

template <class Real>
inline void backward_token(const RotaryBackward& args, int64_t n, float* sums) {
  const RotaryShape& s = args.shape;
  const TokenTurn turn(s, position_of({}, args.starts, n, args.dx.shape[1]), -1);
  Real* dx = args.dx.as<Real>() + n * args.dx.shape[2];
  for (int64_t head = 0; head < s.heads(); ++head, dx += s.D) {
    if (!args.kept) {
      turn_head(dx, dx, s, turn);
      continue;
    }
    alignas(64) float g[kRotaryMaxD];
    turn_head(g, dx, s, turn);
    const bool is_query = head < s.H;
    norm_head_backward(dx, g, args.kept.as<Real>() + (n * s.heads() + head) * s.D,
                       (is_query ? args.query_weight : args.key_weight).as<Real>(), s.D, s.eps,
                       is_query ? sums : sums + s.D);
  }
}

// sums: of these tokens for dquery_weight and dkey_weight, D each, written where there is a norm.
void rotary_backward(const RotaryBackward& args, int64_t begin, int64_t end, float* sums) {
  if (args.kept) std::memset(sums, 0, static_cast<size_t>(2 * args.shape.D) * sizeof(float));
  with_real(args.dx.dtype, [&](auto* real) {
    for (int64_t n = begin; n < end; ++n) backward_token<std::remove_pointer_t<decltype(real)>>(args, n, sums);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
