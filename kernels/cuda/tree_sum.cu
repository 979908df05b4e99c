// The fixed binary tree over rows, a thread for four columns (or one, where rows are not aligned).
//
// A binary counter of finished subtrees is that tree: level l holds the sum of 2^l rows or nothing, as bit l of the
// number of rows taken so far says. Levels are registers: all loops over them have constant bounds.
#include <string>

#include "core/base/error.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/operators.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kFewLevels = 4, kManyLevels = 16;

template <class Real, int kWidth>
struct Subtree {
  float sum[kWidth];

  __device__ void add(const Subtree& left) {  // left comes first; the node is rounded to the rows' dtype
    for (int i = 0; i < kWidth; ++i) sum[i] = to_float(from_float<Real>(left.sum[i] + sum[i]));
  }
};

template <class Real, int kWidth, int kLevels>
struct Tree {
  Subtree<Real, kWidth> level[kLevels];

  // The row after `taken` others.
  __device__ void push(unsigned taken, Subtree<Real, kWidth> subtree) {
    bool placed = false;
#pragma unroll
    for (int l = 0; l < kLevels; ++l) {
      if (placed) continue;
      if (taken >> l & 1) {
        subtree.add(level[l]);
      } else {
        level[l] = subtree;
        placed = true;
      }
    }
  }

  // The sum of all `taken` rows: what is left over joins from the right.
  __device__ Subtree<Real, kWidth> root(unsigned taken) const {
    Subtree<Real, kWidth> subtree{};
    bool empty = true;
#pragma unroll
    for (int l = 0; l < kLevels; ++l) {
      if (!(taken >> l & 1)) continue;
      if (empty)
        subtree = level[l];
      else
        subtree.add(level[l]);
      empty = false;
    }
    return subtree;
  }
};

// Elements [i, i + kWidth) of y. y may be row 0: all rows have been read when it is written.
template <int kLevels, int kWidth, class Real>
__device__ inline void sum_columns(float* y, const Real* rows, unsigned R, int64_t n, int64_t i) {
  constexpr unsigned kBatch = 4;  // loads under way at a time
  Tree<Real, kWidth, kLevels> tree;
  for (unsigned first = 0; first < R; first += kBatch) {
    Elements<Real, kWidth> batch[kBatch];
#pragma unroll
    for (unsigned b = 0; b < kBatch; ++b)
      if (first + b < R) batch[b] = Elements<Real, kWidth>(rows + (first + b) * n + i);
#pragma unroll
    for (unsigned b = 0; b < kBatch; ++b) {
      if (first + b >= R) continue;
      Subtree<Real, kWidth> row;
      for (int k = 0; k < kWidth; ++k) row.sum[k] = batch[b].get(k);
      tree.push(first + b, row);
    }
  }
  const Subtree<Real, kWidth> root = tree.root(R);
  Elements<float, kWidth> result;
  for (int k = 0; k < kWidth; ++k) result.set(k, root.sum[k]);
  result.store(y + i);
}

template <class Real, int kLevels, int kWidth>
__global__ void __launch_bounds__(kThreads) tree_sum_kernel(float* y, const Real* rows, unsigned R, int64_t n) {
  const int64_t stride = int64_t{gridDim.x} * kThreads * kWidth;
  for (int64_t i = (blockIdx.x * int64_t{kThreads} + threadIdx.x) * kWidth; i < n; i += stride)
    sum_columns<kLevels, kWidth>(y, rows, R, n, i);
}

template <class Real, int kLevels>
void enqueue(Stream& stream, float* y, const Real* rows, int64_t R, int64_t n) {
  constexpr int kWidth = 4;
  const bool wide = n % kWidth == 0 && aligned_16(y, rows);
  launch(stream, wide ? tree_sum_kernel<Real, kLevels, kWidth> : tree_sum_kernel<Real, kLevels, 1>,
         blocks_for(ceil_div<int64_t>(n, kThreads * int64_t{wide ? kWidth : 1})), kThreads, 0, y, rows,
         static_cast<unsigned>(R), n);
}

}  // namespace

void tree_sum(Stream& stream, const TreeSum& args) {
  const int64_t R = args.rows.shape[0], n = args.rows.shape[1];
  if (R < 1 || R >= int64_t{1} << kManyLevels)
    throw InternalError("tree sum of " + std::to_string(R) + " rows: 1 to " + std::to_string((1 << kManyLevels) - 1) +
                        " are possible");
  for_real(args.rows.dtype, [&](auto real) {
    using Real = decltype(real);
    const auto few = R < 1 << kFewLevels;
    (few ? enqueue<Real, kFewLevels> : enqueue<Real, kManyLevels>)(stream, data_of<float>(args.y),
                                                                   data_of<Real>(args.rows), R, n);
  });
}

}  // namespace convoy::cuda
