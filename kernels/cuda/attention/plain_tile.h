// Tiles of f32 in shared memory and products of them by plain fused multiply-adds: for f32, and for what tensor cores
// are not laid out for.
//
// 16 threads share four neighbouring rows of the product: thread t holds rows 4 (t / 16) to 4 (t / 16) + 3. Rows of a
// tile are four floats longer than its columns, so that 16-byte reads of neighbouring rows meet different banks.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/pack.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kPlainRows = 4;  // of a thread

__device__ inline int plain_row() { return static_cast<int>(threadIdx.x) / 16 * kPlainRows; }
__device__ inline int plain_column() { return threadIdx.x % 16; }

// Over the 16 threads that share rows; all get it.
__device__ inline float row_sum(float value) {
  for (int distance = 8; distance > 0; distance /= 2) value += __shfl_xor_sync(kAllLanes, value, distance);
  return value;
}
__device__ inline float row_max(float value) {
  for (int distance = 8; distance > 0; distance /= 2) value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, distance));
  return value;
}

template <int kColumns>
struct PlainTile {
  static constexpr int kPitch = kColumns + 4;
  static constexpr int bytes(int rows) { return rows * kPitch * 4; }

  float* data;

  __device__ float* at(int row, int column) const { return data + row * kPitch + column; }
  __device__ float4 four(int row, int column) const { return *reinterpret_cast<const float4*>(at(row, column)); }
};

// Scores of a thread: rows plain_row() + r, columns plain_column() + 16 c.
template <int kColumns>
struct PlainScores {
  static constexpr int kCount = kColumns / 16;
  float at[kPlainRows][kCount];

  __device__ void clear() {
    for (auto& row : at)
      for (float& value : row) value = 0;
  }
  // For a product with them as weights. Rows are read by the threads that write them, so a warp's barrier is enough.
  __device__ void store(PlainTile<kColumns> tile) const {
    __syncwarp();
    for (int r = 0; r < kPlainRows; ++r)
      for (int c = 0; c < kCount; ++c) *tile.at(plain_row() + r, plain_column() + 16 * c) = at[r][c];
    __syncwarp();
  }
};

// Rows of D sums of a thread: rows plain_row() + r, columns kWidth plain_column() + e + 16 kWidth c.
template <int kD>
struct PlainSums {
  static constexpr int kWidth = kD >= 64 ? 4 : kD / 16, kCount = kD / (16 * kWidth);
  float at[kPlainRows][kCount][kWidth];

  __device__ void clear() {
    for (auto& row : at)
      for (auto& part : row)
        for (float& value : part) value = 0;
  }
  __device__ static int column(int c) { return kWidth * (plain_column() + 16 * c); }

  // factor(r) * sums to rows [0, existing) of global memory.
  template <class Real, class Factor>
  __device__ void write(Real* to, int64_t stride, int existing, int D, const Factor& factor) const {
    for (int r = 0; r < kPlainRows; ++r) {
      if (plain_row() + r >= existing) continue;
      const float f = factor(r);
      Real* row = to + (plain_row() + r) * stride;
      const bool whole = reinterpret_cast<uintptr_t>(row) % (kWidth * sizeof(Real)) == 0;
      for (int c = 0; c < kCount; ++c) write_part(row + column(c), at[r][c], f, D - column(c), whole);
    }
  }

 private:
  template <class Real>
  __device__ static void write_part(Real* to, const float (&part)[kWidth], float factor, int exist, bool whole) {
    struct alignas(kWidth * sizeof(Real)) Whole {
      Real element[kWidth];
    } values;
    for (int e = 0; e < kWidth; ++e) values.element[e] = from_float<Real>(part[e] * factor);
    if (whole && exist >= kWidth)
      *reinterpret_cast<Whole*>(to) = values;
    else
      for (int e = 0; e < kWidth; ++e)
        if (e < exist) to[e] = values.element[e];
  }
};

__device__ inline void store_floats(float* to, const Pack<float>& pack, float factor) {
  *reinterpret_cast<float4*>(to) =
      make_float4(pack.get(0) * factor, pack.get(1) * factor, pack.get(2) * factor, pack.get(3) * factor);
}
// Half of the lanes write their second four first, or two lanes would meet in each bank.
__device__ inline void store_floats(float* to, const Pack<__nv_bfloat16>& pack, float factor) {
  const bool swapped = threadIdx.x / 4 % 2 != 0;
  float first[4], second[4];
  for (int e = 0; e < 4; ++e) {
    const float low = pack.get(e) * factor, high = pack.get(4 + e) * factor;
    first[e] = swapped ? high : low;
    second[e] = swapped ? low : high;
  }
  *reinterpret_cast<float4*>(to + (swapped ? 4 : 0)) = make_float4(first[0], first[1], first[2], first[3]);
  *reinterpret_cast<float4*>(to + (swapped ? 0 : 4)) = make_float4(second[0], second[1], second[2], second[3]);
}

// Rows [0, kRows) times factor; what does not exist becomes zeros. Rows start at multiples of 16 bytes and D is a
// multiple of a pack if `packs`. All threads of the block.
template <int kRows, int kThreads, int kD, class Real>
__device__ inline void load_rows(PlainTile<kD> tile, const Real* from, int64_t stride, int existing, int D,
                                 float factor, bool packs) {
  constexpr int kPerPack = kPack<Real>, kPacks = kD / kPerPack;
  if (!packs) {
    for (int i = threadIdx.x; i < kRows * kD; i += kThreads) {
      const int row = i / kD, column = i % kD;
      *tile.at(row, column) = row < existing && column < D ? to_float(from[row * stride + column]) * factor : 0.0f;
    }
    return;
  }
  for (int i = threadIdx.x; i < kRows * kPacks; i += kThreads) {
    const int row = i / kPacks, column = i % kPacks * kPerPack;
    Pack<Real> pack{};
    if (row < existing && column < D) pack = load_pack(from + row * stride + column);
    store_floats(tile.at(row, column), pack, factor);
  }
}

// scores += left right^T over D columns, rounded up to four.
template <int kD, int kColumns>
__device__ inline void add_plain_product(PlainScores<kColumns>& scores, PlainTile<kD> left, PlainTile<kD> right,
                                         int D) {
#pragma unroll 2
  for (int d = 0; d < D; d += 4) {
    float4 a[kPlainRows];
    for (int r = 0; r < kPlainRows; ++r) a[r] = left.four(plain_row() + r, d);
    for (int c = 0; c < PlainScores<kColumns>::kCount; ++c) {
      const float4 b = right.four(plain_column() + 16 * c, d);
      for (int r = 0; r < kPlainRows; ++r) {
        float& sum = scores.at[r][c];
        sum = fmaf(a[r].x, b.x, sum), sum = fmaf(a[r].y, b.y, sum);
        sum = fmaf(a[r].z, b.z, sum), sum = fmaf(a[r].w, b.w, sum);
      }
    }
  }
}

// sums += weights (rows, kColumns) right (kColumns, kD).
template <int kD, int kColumns>
__device__ inline void add_plain_weighted_rows(PlainSums<kD>& sums, PlainTile<kColumns> weights, PlainTile<kD> right) {
  using Rows = PlainSums<kD>;
  struct alignas(Rows::kWidth * 4) Part {
    float element[Rows::kWidth];
  };
#pragma unroll 1
  for (int j = 0; j < kColumns; j += 4) {
    float4 w[kPlainRows];
    for (int r = 0; r < kPlainRows; ++r) w[r] = weights.four(plain_row() + r, j);
#pragma unroll
    for (int jj = 0; jj < 4; ++jj)
#pragma unroll
      for (int c = 0; c < Rows::kCount; ++c) {
        const Part part = *reinterpret_cast<const Part*>(right.at(j + jj, Rows::column(c)));
#pragma unroll
        for (int r = 0; r < kPlainRows; ++r) {
          const float weight = jj == 0 ? w[r].x : jj == 1 ? w[r].y : jj == 2 ? w[r].z : w[r].w;
#pragma unroll
          for (int e = 0; e < Rows::kWidth; ++e) sums.at[r][c][e] = fmaf(weight, part.element[e], sums.at[r][c][e]);
        }
      }
  }
}

}  // namespace convoy::cuda
