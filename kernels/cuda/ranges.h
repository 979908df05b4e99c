// Reading a flat range of elements by many blocks, in pieces whose sums stay accurate in f32.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {

inline constexpr int kRangeThreads = 256;
inline constexpr int kPieceElements = 16;  // a thread and turn; summed in f32, pieces in f64
inline constexpr int64_t kTurnElements = int64_t{kRangeThreads} * kPieceElements;

// begin(), value(x) for every element of the piece, end() for each of this thread's pieces of x (n). kWidth: elements
// an access.
template <int kWidth, class Real, class Begin, class Value, class End>
__device__ inline void for_pieces(const Real* x, int64_t n, const Begin& begin, const Value& value, const End& end) {
  for (int64_t first = blockIdx.x * kTurnElements; first < n; first += gridDim.x * kTurnElements) {
    Elements<Real, kWidth> piece[kPieceElements / kWidth];
    const auto position = [&](int k) { return first + (k * kRangeThreads + static_cast<int>(threadIdx.x)) * kWidth; };
    begin();
#pragma unroll
    for (int k = 0; k < kPieceElements / kWidth; ++k)
      if (position(k) + kWidth <= n) piece[k] = Elements<Real, kWidth>(x + position(k));
#pragma unroll
    for (int k = 0; k < kPieceElements / kWidth; ++k) {
      if (position(k) + kWidth <= n)
        for (int i = 0; i < kWidth; ++i) value(piece[k].get(i));
      else
        for (int64_t i = position(k); i < n; ++i) value(to_float(x[i]));
    }
    end();
  }
}

inline unsigned range_blocks(int64_t n, int64_t most) {  // at least one: the sum of nothing is written too
  return n == 0 ? 1 : blocks_for(ceil_div(n, kTurnElements), most);
}

}  // namespace convoy::cuda
