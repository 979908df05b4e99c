// Parts of a block's work on one long row of logits.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kLongRowThreads = 384, kShorterRowThreads = 128;
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
//
// Between its two passes a thread's first packs stay in registers (`held`) and the block's next kept_packs in shared
// memory (`kept`); others are read again.
template <class Real, bool kPacks>
struct RowPieces {
  static constexpr int kWidth = kPacks ? kPack<Real> : 1;
  static constexpr int kBatch = 3;  // held, and loads under way at a time
  using Piece = Elements<Real, kWidth>;
  using Held = Piece[kBatch];
  int head = 0, packs, V;  // [0, head) single, then packs, then single again up to V
  const Real* row;
  typename Piece::Access* kept;
  int kept_packs, held_packs;

  __device__ RowPieces(const Real* row_start, int row_elements, void* shared, int shared_packs)
      : V(row_elements),
        row(row_start),
        kept(static_cast<typename Piece::Access*>(shared)),
        kept_packs(shared_packs),
        held_packs(kBatch * static_cast<int>(blockDim.x)) {
    if (kPacks) head = min(V, static_cast<int>((16 - reinterpret_cast<uintptr_t>(row) % 16) % 16 / sizeof(Real)));
    packs = (V - head) / kWidth;
  }

  __device__ int element(int pack) const { return head + pack * kWidth; }

  // body(j) for this thread's single elements.
  template <class Body>
  __device__ void singles(const Body& body) const {
    const int i = static_cast<int>(threadIdx.x), tail = element(packs) + i;
    if (i < head) body(i);
    if (tail < V) body(tail);
  }

  // body(b, p) for this thread's packs p of the batch that starts at `first`.
  template <class Body>
  __device__ void batch(int first, const Body& body) const {
#pragma unroll
    for (int b = 0; b < kBatch; ++b) {
      const int p = first + b * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x);
      if (p < packs) body(b, p);
    }
  }

  __device__ void add_to(SoftmaxSum& sum, Held& held) const {
    singles([&](int j) { sum.add(Elements<Real, 1>(row + j)); });
    batch(0, [&](int b, int p) { held[b] = Piece(row + element(p)); });
    batch(0, [&](int b, int) { sum.add(held[b]); });
#pragma unroll 1  // a batch is enough at a time
    for (int first = held_packs; first < packs; first += held_packs) {
      Held next;
      batch(first, [&](int b, int p) { next[b] = Piece(row + element(p)); });
      batch(first, [&](int b, int p) {
        if (p - held_packs < kept_packs) kept[p - held_packs] = next[b].word;
        sum.add(next[b]);
      });
    }
  }

  __device__ void store_gradient(Real* gradient, const Held& held, const SoftmaxGradient& g) const {
    const auto value = [&](float x) { return __expf(x - g.largest) * g.factor; };
    const auto store = [&](Piece piece, int j) {
#pragma unroll
      for (int i = 0; i < kWidth; ++i) piece.set(i, value(piece.get(i)));
      piece.store(gradient + j);
      if (g.target >= j && g.target < j + kWidth) gradient[g.target] = from_float<Real>(g.at_target);
    };
    singles([&](int j) { gradient[j] = from_float<Real>(j == g.target ? g.at_target : value(to_float(row[j]))); });
    batch(0, [&](int b, int p) { store(held[b], element(p)); });
#pragma unroll 2
    for (int p = held_packs + static_cast<int>(threadIdx.x); p < packs; p += static_cast<int>(blockDim.x)) {
      Piece piece;
      if (p - held_packs < kept_packs)
        piece.word = kept[p - held_packs];
      else
        piece = Piece(row + element(p));
      store(piece, element(p));
    }
  }

  __device__ void fill_zero(Real* gradient) const {
    singles([&](int j) { gradient[j] = from_float<Real>(0); });
    for (int p = static_cast<int>(threadIdx.x); p < packs; p += static_cast<int>(blockDim.x))
      Piece().store(gradient + element(p));
  }
};

}  // namespace convoy::cuda
