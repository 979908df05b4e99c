// Parts of a block's work on one long row of logits.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kLongRowThreads = 512, kShorterRowThreads = 128;
inline constexpr size_t kStaticSharedBytes = 1024;  // at most, beside the kept row

__device__ inline float cross_entropy_loss(float sum, float largest, float logit) {
  return logf(sum) + (largest - logit);
}

// Of elements met so far: the largest, and the sum of exp(x - largest). Differences are taken before they are scaled
// for the exponential, so that logits of any size are exact at the largest.
struct SoftmaxSum {
  float largest = -INFINITY, sum = 0;

  template <class Real, int kCount>
  __device__ void add(const Elements<Real, kCount>& values) {
    float largest_here = values.get(0);
    for (int i = 1; i < kCount; ++i) largest_here = fmaxf(largest_here, values.get(i));
    if (largest_here > largest) {
      sum *= __expf(largest - largest_here);
      largest = largest_here;
    }
    const float center = largest == -INFINITY ? 0.0f : largest;  // minus infinity from itself is no number
    for (int i = 0; i < kCount; ++i) sum += __expf(values.get(i) - center);
  }

  __device__ float sum_for(float largest_of_all) const {
    return largest == -INFINITY ? sum : sum * __expf(largest - largest_of_all);
  }
};

struct SoftmaxGradient {
  float largest, factor;  // gradient: factor * exp(x - largest)
  float at_target;        // but this at the target
  int target;
};

// The elements of a row by thread of the block: single ones up to the first multiple of 16 bytes and behind the last,
// packs between. An element is always the same thread's.
template <class Real, bool kPacks>
struct RowPieces {
  static constexpr int kWidth = kPacks ? kPack<Real> : 1;
  using Piece = Elements<Real, kWidth>;
  using Single = Elements<Real, 1>;
  int head = 0, packs, V;  // [0, head) single, then packs, then single again up to V

  __device__ RowPieces(const Real* row, int row_elements) : V(row_elements) {
    if (kPacks) head = min(V, static_cast<int>((16 - reinterpret_cast<uintptr_t>(row) % 16) % 16 / sizeof(Real)));
    packs = (V - head) / kWidth;
  }

  // body(j) for this thread's single elements.
  template <class Body>
  __device__ void singles(const Body& body) const {
    const int i = static_cast<int>(threadIdx.x), tail = head + packs * kWidth + i;
    if (i < head) body(i);
    if (tail < V) body(tail);
  }

  template <bool kKept>
  __device__ void add_to(SoftmaxSum& sum, const Real* row, uint4* kept) const {
    constexpr int kBatch = 4;  // loads under way at a time
    const int step = static_cast<int>(blockDim.x);
    singles([&](int j) { sum.add(Single(row + j)); });
    for (int first = static_cast<int>(threadIdx.x); first < packs; first += kBatch * step) {
      Piece batch[kBatch];
#pragma unroll
      for (int b = 0; b < kBatch; ++b)
        if (first + b * step < packs) batch[b] = Piece(row + head + (first + b * step) * kWidth);
#pragma unroll
      for (int b = 0; b < kBatch; ++b) {
        if (first + b * step >= packs) continue;
        if constexpr (kKept) kept[first + b * step] = batch[b].word;
        sum.add(batch[b]);
      }
    }
  }

  template <bool kKept>
  __device__ void store_gradient(Real* gradient, const Real* row, const uint4* kept, const SoftmaxGradient& g) const {
    const auto value = [&](float x) { return __expf(x - g.largest) * g.factor; };
    singles([&](int j) { gradient[j] = from_float<Real>(j == g.target ? g.at_target : value(to_float(row[j]))); });
    for (int p = static_cast<int>(threadIdx.x); p < packs; p += static_cast<int>(blockDim.x)) {
      const int j = head + p * kWidth;
      Piece piece;
      if constexpr (kKept)
        piece.word = kept[p];
      else
        piece = Piece(row + j);
#pragma unroll
      for (int i = 0; i < kWidth; ++i) piece.set(i, value(piece.get(i)));
      piece.store(gradient + j);
      if (g.target >= j && g.target < j + kWidth) gradient[g.target] = from_float<Real>(g.at_target);
    }
  }

  __device__ void fill_zero(Real* gradient) const {
    singles([&](int j) { gradient[j] = from_float<Real>(0); });
    for (int p = static_cast<int>(threadIdx.x); p < packs; p += static_cast<int>(blockDim.x))
      Piece().store(gradient + head + p * kWidth);
  }
};

}  // namespace convoy::cuda
