// How rotary positions are dealt out: a block a token, its warps take the token's heads in turn. A lane holds the same
// pairs of every head, so that it computes their sines and cosines once.
#pragma once

#include "core/ops/rotary.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kRotaryThreads = 128, kRotaryWarps = kRotaryThreads / 32;

struct RotaryExtents {
  int64_t tokens, T, width;  // width: elements of a token
  int H, heads, D, R;
  bool interleaved;
  float amplitude, eps;
  const int64_t* position;  // null: 0
  int position_stride;      // from one sample's to the next one's
  const int32_t* starts;    // null: 0
  float frequencies[kRotaryMaxD / 2];

  RotaryExtents(const RotaryShape& s, const Tensor& x, const Tensor& at, const Tensor& document_starts)
      : tokens(x.shape[0] * x.shape[1]),
        T(x.shape[1]),
        width(x.shape[2]),
        H(static_cast<int>(s.H)),
        heads(static_cast<int>(s.heads())),
        D(static_cast<int>(s.D)),
        R(static_cast<int>(s.R)),
        interleaved(s.interleaved),
        amplitude(s.amplitude),
        eps(s.eps),
        position(data_of<int64_t>(at)),
        position_stride(at.elements() > 1 ? 1 : 0),
        starts(data_of<int32_t>(document_starts)) {
    for (int i = 0; i < kRotaryMaxD / 2; ++i) frequencies[i] = s.frequencies[static_cast<size_t>(i)];
  }
  __device__ float position_of(int64_t token) const {
    const int64_t first = position == nullptr ? 0 : position[token / T * position_stride];
    const int64_t start = starts == nullptr ? 0 : starts[token];
    return static_cast<float>(first + token % T - start);
  }
};

// As kernels/cpu/simd/rotary_kernel.h has it: right to 1e-7 for |x| up to 10^6, without a table in memory.
__device__ inline void sine_cosine(float x, float& sine, float& cosine) {
  const float n = rintf(x * 0x1.45f306p-1f);
  const float r = fmaf(n, 0x1.777a5cp-25f, fmaf(-n, 0x1.921fb6p+0f, x)), z = r * r;
  const float sine_tail = fmaf(fmaf(-0x1.99bd7ep-13f, z, 0x1.110a08p-7f), z, -0x1.555550p-3f);
  const float cosine_tail = fmaf(fmaf(0x1.9b017ep-16f, z, -0x1.6c111ep-10f), z, 0x1.555554p-5f);
  const float s = fmaf(z * r, sine_tail, r), c = fmaf(z * z, cosine_tail, fmaf(z, -0.5f, 1.0f));
  const int quarter = static_cast<int>(n);
  const bool odd = quarter % 2 != 0;
  sine = (quarter & 2) != 0 ? -(odd ? c : s) : (odd ? c : s);
  cosine = ((quarter + 1) & 2) != 0 ? -(odd ? s : c) : (odd ? s : c);
}

// What a lane holds of a head: pairs lane + 32 step, and of what is not turned elements R + lane + 32 step. kSteps: of
// pairs; 32 kSteps pairs are no fewer than D / 2.
template <int kSteps>
struct HeadPart {
  static constexpr int kRest = 2 * kSteps;
  float a[kSteps], b[kSteps], rest[kRest];

  __device__ static int lane() { return static_cast<int>(threadIdx.x) % 32; }
  // body(value, element) for those that exist. Turned pairs alone: kPairsAlone.
  template <bool kPairsAlone, class Body>
  __device__ void for_each(const RotaryExtents& x, const Body& body) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      const int i = lane() + 32 * step, half = x.R / 2;
      if (i >= half) continue;
      body(a[step], x.interleaved ? 2 * i : i);
      body(b[step], x.interleaved ? 2 * i + 1 : i + half);
    }
    if constexpr (!kPairsAlone) {
#pragma unroll
      for (int step = 0; step < kRest; ++step)
        if (const int i = x.R + lane() + 32 * step; i < x.D) body(rest[step], i);
    }
  }
  __device__ void clear() {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) a[step] = b[step] = rest[2 * step] = rest[2 * step + 1] = 0;
  }
};

// Sines and cosines of a lane's pairs at one position; direction -1 turns back.
template <int kSteps>
struct LaneTurn {
  float cosine[kSteps], sine[kSteps];

  __device__ LaneTurn(const RotaryExtents& x, float position, float direction) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      const int i = HeadPart<kSteps>::lane() + 32 * step;
      cosine[step] = 1, sine[step] = 0;
      if (i >= x.R / 2) continue;
      sine_cosine(x.frequencies[i] * position, sine[step], cosine[step]);
      cosine[step] *= x.amplitude;
      sine[step] *= x.amplitude * direction;
    }
  }
  __device__ void apply(HeadPart<kSteps>& head) const {
#pragma unroll
    for (int step = 0; step < kSteps; ++step) {
      const float a = head.a[step], b = head.b[step];
      head.a[step] = fmaf(-b, sine[step], a * cosine[step]);
      head.b[step] = fmaf(a, sine[step], b * cosine[step]);
    }
  }
};

// body(std::integral_constant<int, kSteps>) that fits heads of D.
template <class Body>
void for_rotary_steps(int64_t D, const Body& body) {
  if (D <= 64)
    body(std::integral_constant<int, 1>{});
  else if (D <= 128)
    body(std::integral_constant<int, 2>{});
  else
    body(std::integral_constant<int, 4>{});
}

}  // namespace convoy::cuda
