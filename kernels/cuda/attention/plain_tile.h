// Tiles of f32 in shared memory and products of them by plain fused multiply-adds: for f32, and for what tensor cores
// are not laid out for.
//
// 16 threads share four neighbouring rows of the product: thread t holds rows 4 (t / 16) to 4 (t / 16) + 3. Rows of a
// tile are four floats longer than its columns, so that 16-byte reads of neighbouring rows meet different banks.
//
// Counters of the virtual GPU, f32, causal, D = 64: no bank conflicts, every sector that is read or written is used
// whole, 1.5 (backward) and 1.7 (forward) PTX instructions per fused multiply-add.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <type_traits>

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

// values[r] of the thread's rows to to[row], rows before `existing`: one access for the rows of a warp.
__device__ inline void write_row_values(float* to, const float (&values)[kPlainRows], int existing) {
  const int r = plain_column();
  const float value = r == 0 ? values[0] : r == 1 ? values[1] : r == 2 ? values[2] : values[3];
  if (r < kPlainRows && plain_row() + r < existing) to[plain_row() + r] = value;
}

template <int kColumns>
struct PlainTile {
  static constexpr int kPitch = kColumns + 4;
  static constexpr int bytes(int rows) { return rows * kPitch * 4; }

  float* data;

  __device__ float* at(int row, int column) const { return data + row * kPitch + column; }
  __device__ float4 four(int row, int column) const { return *reinterpret_cast<const float4*>(at(row, column)); }
};

// kCount elements, moved by one instruction: 4, 8 or 16 bytes at a multiple of as many.
template <int kCount, class Real>
struct Wide {
  using Bytes = std::conditional_t<kCount * sizeof(Real) == 16, uint4,
                                   std::conditional_t<kCount * sizeof(Real) == 8, uint2, unsigned>>;
  union {
    Real element[kCount];
    Bytes bytes;
  };
  __device__ Wide() {}
  __device__ explicit Wide(const Real* from) : bytes(*reinterpret_cast<const Bytes*>(from)) {}
  // By name, or the compiler splits it where the elements are stored one by one on another path.
  __device__ void store(Real* to) const { __stcg(reinterpret_cast<Bytes*>(to), bytes); }
};

// Scores of a thread: rows plain_row() + r, columns plain_column() + 16 c.
template <int kColumns>
struct PlainScores {
  static constexpr int kCount = kColumns / 16;
  float at[kPlainRows][kCount];

  __device__ void clear() {
#pragma unroll
    for (auto& row : at)
#pragma unroll
      for (float& value : row) value = 0;
  }
  // For a product with them as weights. Rows are read by the threads that write them, so a warp's barrier is enough.
  __device__ void store(PlainTile<kColumns> tile) const {
    __syncwarp();
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r)
#pragma unroll
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
#pragma unroll
    for (auto& row : at)
#pragma unroll
      for (auto& part : row)
#pragma unroll
        for (float& value : part) value = 0;
  }
  __device__ static int column(int c) { return kWidth * (plain_column() + 16 * c); }

  // factor(r) * sums to rows [0, existing) of global memory.
  template <class Real, class Factor>
  __device__ void write(Real* to, int64_t stride, int existing, int D, const Factor& factor) const {
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) {
      if (plain_row() + r >= existing) continue;
      const float f = factor(r);
      Real* row = to + (plain_row() + r) * stride;
      const bool whole = reinterpret_cast<uintptr_t>(row) % (kWidth * sizeof(Real)) == 0;
#pragma unroll
      for (int c = 0; c < kCount; ++c) write_part(row + column(c), at[r][c], f, D - column(c), whole);
    }
  }

 private:
  template <class Real>
  __device__ static void write_part(Real* to, const float (&part)[kWidth], float factor, int exist, bool whole) {
    Wide<kWidth, Real> values;
#pragma unroll
    for (int e = 0; e < kWidth; ++e) values.element[e] = from_float<Real>(part[e] * factor);
    if (whole && exist >= kWidth) {
      values.store(to);
    } else {
#pragma unroll
      for (int e = 0; e < kWidth; ++e)
        if (e < exist) to[e] = values.element[e];
    }
  }
};

// A thread's consecutive floats to shared memory, 16 bytes at a time: by name, or the compiler splits them. Eight of
// them: threads that are `swapped`, every second four of a warp, write their second half first, or two threads would
// meet in each bank.
__device__ inline void store_floats(float* to, const float (&values)[4], bool /*swapped*/) {
  asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(static_cast<uint32_t>(__cvta_generic_to_shared(to))),
               "f"(values[0]), "f"(values[1]), "f"(values[2]), "f"(values[3])
               : "memory");
}
__device__ inline void store_floats(float* to, const float (&values)[8], bool swapped) {
  float first[4], second[4];
#pragma unroll
  for (int e = 0; e < 4; ++e) {
    first[e] = swapped ? values[4 + e] : values[e];
    second[e] = swapped ? values[e] : values[4 + e];
  }
  store_floats(to + (swapped ? 4 : 0), first, false);
  store_floats(to + (swapped ? 0 : 4), second, false);
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
  static_assert(kRows * kPacks % kThreads == 0);
  for (int i = threadIdx.x; i < kRows * kPacks; i += kThreads) {
    const int row = i / kPacks, column = i % kPacks * kPerPack;
    Pack<Real> pack{};
    if (row < existing && column < D) pack = load_pack(from + row * stride + column);
    float values[kPerPack];
#pragma unroll
    for (int e = 0; e < kPerPack; ++e) values[e] = pack.get(e) * factor;
    store_floats(tile.at(row, column), values, (threadIdx.x / 4 + row) % 2 != 0);
  }
}

// scores += left right^T over D columns, rounded up to four.
template <int kD, int kColumns>
__device__ inline void add_plain_product(PlainScores<kColumns>& scores, PlainTile<kD> left, PlainTile<kD> right,
                                         int D) {
#pragma unroll 2
  for (int d = 0; d < D; d += 4) {
    float4 a[kPlainRows];
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) a[r] = left.four(plain_row() + r, d);
#pragma unroll
    for (int c = 0; c < PlainScores<kColumns>::kCount; ++c) {
      const float4 b = right.four(plain_column() + 16 * c, d);
#pragma unroll
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
#pragma unroll 1
  for (int j = 0; j < kColumns; j += 4) {
    float4 w[kPlainRows];
#pragma unroll
    for (int r = 0; r < kPlainRows; ++r) w[r] = weights.four(plain_row() + r, j);
#pragma unroll
    for (int jj = 0; jj < 4; ++jj)
#pragma unroll
      for (int c = 0; c < Rows::kCount; ++c) {
        const Wide<Rows::kWidth, float> part(right.at(j + jj, Rows::column(c)));
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
