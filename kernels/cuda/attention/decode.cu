// Attention of one or two queries over a long cache: the cost is reading keys and values once, so a block takes one
// query and 128 keys, and a second kernel merges the blocks' results in the order of the keys. Where 128 keys are all,
// the first kernel is the only one.
//
// Eight threads share a key and hold 16 bytes of it each, or every eighth 16 bytes of a long one.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/plain_masks.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {
namespace {

constexpr int kKeys = 128, kThreads = 128, kLanes = 8, kKeysAtOnce = kThreads / kLanes;

// A chunk's result: D sums of p * value, the largest score, the sum of p.
__host__ __device__ int64_t partial_floats(int D) { return D + 2; }

template <class Real>
struct Arguments {
  AttentionExtents extents;
  int chunks;
  HeadsView<Real> y;
  HeadsView<const Real> q, k, v;
  float *logsumexp, *partials;
};

// What a thread holds of one query, key, value or sum: elements kWidth (t % 8 + 8 step) + e.
template <int kWidth>
struct Share {
  static constexpr int kSteps = kAttentionMaxD / (kLanes * kWidth);
  float at[kSteps][kWidth];

  __device__ static int column(int step) { return kWidth * (static_cast<int>(threadIdx.x) % kLanes + kLanes * step); }
  // body(step) for steps that exist.
  template <class Body>
  __device__ static void for_steps(int D, const Body& body) {
#pragma unroll
    for (int step = 0; step < kSteps; ++step)
      if (column(step) < D) body(step);
  }
};

// kWidth: a pack, or 1 where addresses are not aligned for one.
template <int kWidth, class Real>
__device__ inline void read(float (&values)[kWidth], const Real* from) {
  if constexpr (kWidth == 1) {
    values[0] = to_float(*from);
  } else {
    const Pack<Real> pack = load_pack(from);
    for (int e = 0; e < kWidth; ++e) values[e] = pack.get(e);
  }
}

// scores[j] of keys [0, keys), in powers of two. All threads of eight go through the same keys.
template <int kWidth, class Real>
__device__ inline void score_keys(float* scores, const Real* q, const Real* k, int64_t stride, int keys, int D,
                                  float scale) {
  using Part = Share<kWidth>;
  Part query;
  Part::for_steps(D, [&](int step) {
    read(query.at[step], q + Part::column(step));
    for (float& value : query.at[step]) value *= scale;
  });
  for (int first = 0; first < keys; first += kKeysAtOnce) {
    const int j = first + static_cast<int>(threadIdx.x) / kLanes;
    float sum = 0;
    if (j < keys)
      Part::for_steps(D, [&](int step) {
        float key[kWidth];
        read(key, k + j * stride + Part::column(step));
        for (int e = 0; e < kWidth; ++e) sum = fmaf(query.at[step][e], key[e], sum);
      });
    for (int distance = kLanes / 2; distance > 0; distance /= 2) sum += __shfl_xor_sync(kAllLanes, sum, distance);
    if (j < keys && threadIdx.x % kLanes == 0) scores[j] = sum;
  }
}

// sums[warp][d]: a warp's part of weights (keys) times v.
template <int kWidth, class Real>
__device__ inline void sum_values(float (*sums)[kAttentionMaxD], const float* weights, const Real* v, int64_t stride,
                                  int keys, int D) {
  using Part = Share<kWidth>;
  Part sum{};
#pragma unroll 2
  for (int j = static_cast<int>(threadIdx.x) / kLanes; j < keys; j += kKeysAtOnce)
    Part::for_steps(D, [&](int step) {
      float value[kWidth];
      read(value, v + j * stride + Part::column(step));
      for (int e = 0; e < kWidth; ++e) sum.at[step][e] = fmaf(weights[j], value[e], sum.at[step][e]);
    });
  for (auto& step : sum.at)
    for (float& value : step) {
      value += __shfl_xor_sync(kAllLanes, value, kLanes);
      value += __shfl_xor_sync(kAllLanes, value, 2 * kLanes);
    }
  if (threadIdx.x % 32 < kLanes)
    Part::for_steps(D, [&](int step) {
      float* to = &sums[threadIdx.x / 32][Part::column(step)];
      if constexpr (kWidth == 1)
        *to = sum.at[step][0];
      else
        store_floats(to, sum.at[step], threadIdx.x / 4 % 2 != 0);
    });
}

struct Softmax {
  float largest, total;
};
// Scores of the chunk become weights; one key a thread.
__device__ inline Softmax softmax(float* scores, int keys) {
  __shared__ float most[kThreads / 32], partials[kThreads / 32];
  const int j = static_cast<int>(threadIdx.x);
  const float score = j < keys ? scores[j] : -INFINITY;
  const float warp_most = warp_max(score);
  if (j % 32 == 0) most[j / 32] = warp_most;
  __syncthreads();
  const float largest = fmaxf(fmaxf(most[0], most[1]), fmaxf(most[2], most[3]));
  const float p = j < keys ? exp2f(score - largest) : 0.0f;
  if (j < keys) scores[j] = p;
  return {largest, block_sum<kThreads>(p, partials)};
}

__device__ inline float log_of_sum(float largest, float total) {
  return total == 0 ? -INFINITY : (largest + log2f(total)) * kLn2;
}

struct Row {
  int sample, head, query;

  __device__ Row(int row, const AttentionExtents& x)
      : sample(row / (x.H * x.Tq)), head(row / x.Tq % x.H), query(row % x.Tq) {}
};

template <class Real, int kWidth>
__global__ __launch_bounds__(kThreads) void attention_decode_kernel(const Arguments<Real> a) {
  __shared__ float scores[kKeys];
  __shared__ __align__(16) float sums[kThreads / 32][kAttentionMaxD];
  const AttentionExtents& x = a.extents;
  const int row_number = static_cast<int>(blockIdx.x) / a.chunks,
            begin = static_cast<int>(blockIdx.x) % a.chunks * kKeys;
  const Row row(row_number, x);
  // The first key and value that the query sees of these, and how many: registers less, which the loops need.
  __shared__ const Real *first_key, *first_value;
  __shared__ int keys;
  if (threadIdx.x == 0) {
    const SeenKeys seen = x.seen_keys(row.sample);
    const int first = x.banded ? max(begin, x.first_key_of(row.sample, row.query, seen.shift)) : begin;
    keys = max(0, min(begin + kKeys, seen.before(row.query + 1)) - first);
    first_key = a.k.at(row.sample, first, row.head / x.heads_per_key_head(), x.D);
    first_value = a.v.at(row.sample, first, row.head / x.heads_per_key_head(), x.D);
  }
  __syncthreads();
  score_keys<kWidth>(scores, a.q.at(row.sample, row.query, row.head, x.D), first_key, a.k.token_stride, keys, x.D,
                     x.scale * kLog2E);
  __syncthreads();
  const Softmax result = softmax(scores, keys);
  sum_values<kWidth>(sums, scores, first_value, a.v.token_stride, keys, x.D);
  __syncthreads();
  const bool whole = a.chunks == 1;
  float* partial = a.partials + blockIdx.x * partial_floats(x.D);
  Real* y = a.y.at(row.sample, row.query, row.head, x.D);
  const float factor = result.total == 0 ? 0.0f : 1.0f / result.total;
  for (int d = static_cast<int>(threadIdx.x); d < x.D; d += kThreads) {
    const float sum = (sums[0][d] + sums[1][d]) + (sums[2][d] + sums[3][d]);
    if (whole)
      y[d] = from_float<Real>(sum * factor);
    else
      partial[d] = sum;
  }
  if (threadIdx.x != 0) return;
  if (!whole)
    partial[x.D] = result.largest, partial[x.D + 1] = result.total;
  else if (a.logsumexp != nullptr)
    a.logsumexp[row_number] = log_of_sum(result.largest, result.total);
}

// A block a row of y, a thread an element.
template <class Real>
__global__ void attention_decode_merge_kernel(const Arguments<Real> a) {
  const AttentionExtents& x = a.extents;
  const int row_number = static_cast<int>(blockIdx.x), d = static_cast<int>(threadIdx.x);
  const Row row(row_number, x);
  const int64_t stride = partial_floats(x.D);
  const float* partials = a.partials + row_number * a.chunks * stride;
  float largest = -INFINITY, total = 0, sum = 0;
  for (int c = 0; c < a.chunks; ++c) largest = fmaxf(largest, partials[c * stride + x.D]);
  const float offset = largest == -INFINITY ? 0.0f : largest;
  for (int c = 0; c < a.chunks; ++c) {
    const float rescale = exp2f(partials[c * stride + x.D] - offset);
    total = fmaf(partials[c * stride + x.D + 1], rescale, total);
    if (d < x.D) sum = fmaf(partials[c * stride + d], rescale, sum);
  }
  if (d < x.D) a.y.at(row.sample, row.query, row.head, x.D)[d] = from_float<Real>(total == 0 ? 0.0f : sum / total);
  if (d == 0 && a.logsumexp != nullptr) a.logsumexp[row_number] = log_of_sum(offset, total);
}

int64_t rows_of(const AttentionShape& s) { return s.B * s.H * s.Tq; }
int64_t chunks_of(const AttentionShape& s) { return std::max<int64_t>(1, ceil_div<int64_t>(s.Tk, kKeys)); }

}  // namespace

size_t decode_scratch_bytes(const AttentionShape& s) {
  if (chunks_of(s) == 1) return 0;
  return static_cast<size_t>(rows_of(s) * chunks_of(s) * partial_floats(static_cast<int>(s.D))) * sizeof(float);
}

void enqueue_decode(Stream& stream, const AttentionForward& args, const Tensor& scratch) {
  const AttentionShape& s = args.shape;
  for_real(s.dtype, [&](auto real) {
    using Real = decltype(real);
    const Arguments<Real> arguments{AttentionExtents(s, args.starts, args.position),
                                    static_cast<int>(chunks_of(s)),
                                    HeadsView<Real>(args.y),
                                    HeadsView<const Real>(args.q),
                                    HeadsView<const Real>(args.k),
                                    HeadsView<const Real>(args.v),
                                    data_of<float>(args.logsumexp),
                                    data_of<float>(scratch)};
    const bool packs = read_in_packs(s, {args.q, args.k, args.v});
    launch(stream, packs ? attention_decode_kernel<Real, kPack<Real>> : attention_decode_kernel<Real, 1>,
           static_cast<unsigned>(rows_of(s) * chunks_of(s)), kThreads, 0, arguments);
    if (arguments.chunks > 1)
      launch(stream, attention_decode_merge_kernel<Real>, static_cast<unsigned>(rows_of(s)),
             static_cast<unsigned>(round_up<int64_t>(s.D, 32)), 0, arguments);
  });
}

}  // namespace convoy::cuda
