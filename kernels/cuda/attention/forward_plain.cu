// Attention forward by plain fused multiply-adds, true f32 sums of f32 products: f32, and bf16 where tensor cores do
// not fit. The same online softmax over tiles as on tensor cores; four rows of scores are shared by 16 threads.
#include "kernels/cuda/attention/attention_kernels.h"
#include "kernels/cuda/attention/plain_masks.h"
#include "kernels/cuda/attention/plain_tile.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {
namespace {

template <class Real>
struct Arguments {
  AttentionExtents extents;
  TileOrder order;
  HeadsView<Real> y;
  HeadsView<const Real> q, k, v;
  float* logsumexp;
  ProbabilityDropout dropout;
  bool packs;  // q, k and v can be read 16 bytes at a time
};

template <class Real, int kD>
class ForwardBlock {
 public:
  static constexpr int kQueries = kD <= 128 ? 64 : 32, kKeys = kD <= 64 ? 64 : kD <= 128 ? 32 : 16;
  static constexpr int kThreads = kQueries / kPlainRows * 16;
  static constexpr int kSharedBytes = PlainTile<kD>::bytes(kQueries + 2 * kKeys) + PlainTile<kKeys>::bytes(kQueries);

  __device__ ForwardBlock(const Arguments<Real>& arguments, float* shared)
      : a(arguments), seen(a.extents.seen_keys(a.order.place().head / a.extents.H)) {
    queries.data = shared;
    keys.data = queries.at(kQueries, 0);
    values.data = keys.at(kKeys, 0);
    probabilities.data = values.at(kKeys, 0);
    const TileOrder::Place place = a.order.place();
    q0 = (a.order.tiles - 1 - place.rank) * kQueries;
    sample = place.head / a.extents.H;
    head = place.head % a.extents.H;
  }

  __device__ void run() {
    const AttentionExtents& x = a.extents;
    const int queries_end = min(q0 + kQueries, x.Tq);
    int first = 0, keys_end = seen.before(queries_end);
    if (x.banded) {
      first = x.first_key_of(sample, q0, seen.shift) / kKeys * kKeys;
      if (x.prefix_ends != nullptr) keys_end = x.end_of_keys(sample, queries_end - 1);
    }
    const int key_head = head / x.heads_per_key_head();
    y.clear();
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) largest[r] = -INFINITY, total[r] = 0;
    if (a.dropout.threshold != 0) masks.start(a.dropout, (int64_t{sample} * x.H + head) * x.Tq + q0);
    load_rows<kQueries, kThreads>(queries, a.q.at(sample, q0, head, x.D), a.q.token_stride, x.Tq - q0, x.D,
                                  x.scale * kLog2E, a.packs);
    for (int k0 = first; k0 < keys_end; k0 += kKeys) {
      __syncthreads();
      load_rows<kKeys, kThreads>(keys, a.k.at(sample, k0, key_head, x.D), a.k.token_stride, seen.Tk - k0, x.D, 1,
                                 a.packs);
      load_rows<kKeys, kThreads>(values, a.v.at(sample, k0, key_head, x.D), a.v.token_stride, seen.Tk - k0, x.D, 1,
                                 a.packs);
      __syncthreads();
      add_keys(k0);
    }
    finish();
  }

 private:
  __device__ void add_keys(int k0) {
    PlainScores<kKeys> scores;
    scores.clear();
    add_plain_product(scores, queries, keys, a.extents.D);
    hide_plain(scores, a.extents, seen, sample, q0, k0);
    softmax(scores);
    if (a.dropout.threshold != 0) masks.apply(a.dropout, scores, k0);
    scores.store(probabilities);
    add_plain_weighted_rows(y, probabilities, values);
  }

  __device__ void softmax(PlainScores<kKeys>& scores) {
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) {
      float most = largest[r];
#pragma unroll
      for (const float score : scores.at[r]) most = fmaxf(most, score);
      most = row_max(most);
      const float offset = most == -INFINITY ? 0.0f : most, rescale = exp2f(largest[r] - offset);
      largest[r] = most;
      float sum = 0;
#pragma unroll
      for (float& score : scores.at[r]) sum += score = exp2f(score - offset);
      total[r] = fmaf(total[r], rescale, sum);
#pragma unroll
      for (auto& part : y.at[r])
#pragma unroll
        for (float& value : part) value *= rescale;
    }
  }

  __device__ void finish() {
    const AttentionExtents& x = a.extents;
#pragma unroll
    for (float& sum : total) sum = row_sum(sum);
    if (a.logsumexp != nullptr) {
      float logarithms[kPlainRows];
#pragma unroll
      for (int r = 0; r < kPlainRows; ++r)
        logarithms[r] = total[r] == 0 ? -INFINITY : (largest[r] + log2f(total[r])) * kLn2;
      write_row_values(a.logsumexp + (int64_t{sample} * x.H + head) * x.Tq + q0, logarithms, x.Tq - q0);
    }
    y.write(a.y.at(sample, q0, head, x.D), a.y.token_stride, x.Tq - q0, x.D,
            [&](int r) { return total[r] == 0 ? 0.0f : a.dropout.scale / total[r]; });
  }

  const Arguments<Real>& a;
  const SeenKeys seen;
  PlainTile<kD> queries, keys, values;
  PlainTile<kKeys> probabilities;
  int q0, sample, head;
  PlainSums<kD> y;
  float largest[kPlainRows], total[kPlainRows];
  PlainQueryMasks masks;
};

template <class Real, int kD>
__global__ __launch_bounds__(ForwardBlock<Real, kD>::kThreads,
                             1) void attention_forward_plain_kernel(const __grid_constant__ Arguments<Real> arguments) {
  extern __shared__ __align__(16) float shared[];
  ForwardBlock<Real, kD>(arguments, shared).run();
}

template <class Real, int kD>
void enqueue(Stream& stream, const AttentionForward& args) {
  using Block = ForwardBlock<Real, kD>;
  const AttentionShape& s = args.shape;
  const TileOrder order(ceil_div<int64_t>(s.Tq, Block::kQueries), s.B * s.H,
                        s.Tk * s.D * 2 * int64_t{sizeof(Real)} / (s.H / s.Hkv));
  const bool packs = read_in_packs(s, {args.q, args.k, args.v});
  const Arguments<Real> arguments{AttentionExtents(s, args.starts, args.position, args.prefix_ends),
                                  order,
                                  HeadsView<Real>(args.y),
                                  HeadsView<const Real>(args.q),
                                  HeadsView<const Real>(args.k),
                                  HeadsView<const Real>(args.v),
                                  data_of<float>(args.logsumexp),
                                  ProbabilityDropout(args.dropout),
                                  packs};
  launch_with_shared<attention_forward_plain_kernel<Real, kD>>(stream, order.blocks(), Block::kThreads,
                                                               Block::kSharedBytes, arguments);
}

}  // namespace

void enqueue_forward_plain(Stream& stream, const AttentionForward& args) {
  for_real(args.shape.dtype, [&](auto real) {
    for_head_size(args.shape.D, [&](auto size) { enqueue<decltype(real), size>(stream, args); });
  });
}

}  // namespace convoy::cuda
