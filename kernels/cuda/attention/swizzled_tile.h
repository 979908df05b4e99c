// Tiles of bf16 in shared memory, (rows, D), as operands of tensor cores.
//
// 16-byte piece c of row r lies in place c ^ (r % 8) of its row: eight rows' pieces of one column, which is what an
// ldmatrix reads, are in eight different groups of banks, and so are the pieces of one row, which copies write.
// A tile starts at a multiple of a row's bytes, so that a column is reached by one xor.
#pragma once

#include "kernels/cuda/attention/tensor_core.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {

// f32 sums of (16 kRowTiles, 8 kColumnTiles), spread over a warp as tensor_core.h says.
template <int kRowTiles, int kColumnTiles>
struct Sums {
  float at[kRowTiles][kColumnTiles][4];

  __device__ void clear() {
    for (auto& row : at)
      for (auto& tile : row)
        for (float& value : tile) value = 0;
  }
  // Columns [16 k, 16 k + 16) of row tile r, rounded to bf16, as a left operand.
  __device__ void as_left(uint32_t (&left)[4], int r, int k) const {
    left[0] = pack_bf16(at[r][2 * k][0], at[r][2 * k][1]);
    left[1] = pack_bf16(at[r][2 * k][2], at[r][2 * k][3]);
    left[2] = pack_bf16(at[r][2 * k + 1][0], at[r][2 * k + 1][1]);
    left[3] = pack_bf16(at[r][2 * k + 1][2], at[r][2 * k + 1][3]);
  }
};

template <int kD>
struct SwizzledTile {
  static constexpr int kRowBytes = kD * 2, kPieces = kD / 8;

  uint32_t address;  // in shared memory

  __device__ SwizzledTile(uint32_t tile_address) : address(tile_address) {}
  __device__ SwizzledTile rows_from(int row) const { return {address + static_cast<uint32_t>(row * kRowBytes)}; }
  __device__ uint32_t piece(int row, int piece) const {
    return address + static_cast<uint32_t>(row * kRowBytes + ((piece ^ (row & 7)) << 4));
  }
  // Addresses for ldmatrix of the 16 x 16 block at row 0, column 0. The matrices are, for a left operand or a
  // transposed right one: upper left, lower left, upper right, lower right; for a right operand whose rows are columns
  // of the product: upper left, upper right, lower left, lower right.
  __device__ uint32_t lane_by_rows(unsigned thread = threadIdx.x) const {
    const uint32_t lane = thread % 32;
    return address + lane % 16 * kRowBytes + ((lane / 16 ^ (lane & 7)) << 4);
  }
  __device__ uint32_t lane_by_columns(unsigned thread = threadIdx.x) const {
    const uint32_t lane = thread % 32;
    return address + (lane / 16 * 8 + lane % 8) * kRowBytes + ((lane / 8 % 2 ^ (lane & 7)) << 4);
  }
  // From a lane's address to the same lane's of the block at (row, column): a multiple of 8, a multiple of 16.
  __device__ static uint32_t moved(uint32_t lane_address, int row, int column) {
    return (lane_address ^ static_cast<uint32_t>(column * 2)) + static_cast<uint32_t>(row * kRowBytes);
  }
};

__device__ inline Pack<__nv_bfloat16> load_shared_pack(uint32_t address) {
  union {
    uint4 words;
    Pack<__nv_bfloat16> pack;
  } u;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(u.words.x), "=r"(u.words.y), "=r"(u.words.z), "=r"(u.words.w)
               : "r"(address)
               : "memory");
  return u.pack;
}

// The same value, of which the compiler does not know that it is: what is computed from it inside of a loop is not kept
// in registers all through the loop.
__device__ inline uint32_t computed_here(uint32_t value) {
  asm volatile("" : "+r"(value));
  return value;
}

// Starts the copy of rows [0, kRows) from global memory; rows from `existing` on become zeros. All threads of the
// block.
template <int kD, int kRows, int kThreads>
__device__ inline void start_copy(SwizzledTile<kD> tile, const __nv_bfloat16* from, int64_t stride, int existing,
                                  unsigned thread = threadIdx.x) {
  constexpr int kPieces = SwizzledTile<kD>::kPieces, kRowsAtOnce = kThreads / kPieces;
  static_assert(kRows % kRowsAtOnce == 0 && kRowsAtOnce % 8 == 0);
  const int row = thread / kPieces, piece = thread % kPieces;
  const __nv_bfloat16* source = from + row * stride + piece * 8;
  const uint32_t target = tile.piece(row, piece);
#pragma unroll
  for (int r = 0; r < kRows; r += kRowsAtOnce) {
    const bool exists = row + r < existing;
    copy_async(target + r * SwizzledTile<kD>::kRowBytes, exists ? source + r * stride : from, exists);
  }
}

// A warp's left operand (16 kRowTiles, kD), held in registers.
template <int kD, int kRowTiles>
struct LeftOperand {
  uint32_t at[kD / 16][kRowTiles][4];

  __device__ void load(SwizzledTile<kD> tile) { load_rows<0, kRowTiles>(tile); }
  // Row tiles [kFirst, kFirst + kCount), which are all of `tile`.
  template <int kFirst, int kCount>
  __device__ void load_rows(SwizzledTile<kD> tile) {
    const uint32_t lane = tile.lane_by_rows();
#pragma unroll
    for (int k = 0; k < kD / 16; ++k)
#pragma unroll
      for (int r = 0; r < kCount; ++r) load_matrices(at[k][kFirst + r], tile.moved(lane, 16 * r, 16 * k));
  }
};

// sums += left right^T for columns [16 k, 16 k + 16) of both, right (8 kColumnTiles, kD).
template <int kD, int kRowTiles, int kColumnTiles>
__device__ inline void add_product_step(Sums<kRowTiles, kColumnTiles>& sums, const uint32_t (&left)[kRowTiles][4],
                                        uint32_t right_lane, int k) {
#pragma unroll
  for (int c = 0; c < kColumnTiles; c += 2) {
    uint32_t right[4];
    load_matrices(right, SwizzledTile<kD>::moved(right_lane, 8 * c, 16 * k));
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) {
      multiply_add(sums.at[r][c], left[r], right[0], right[1]);
      multiply_add(sums.at[r][c + 1], left[r], right[2], right[3]);
    }
  }
}
// sums += left right^T, left (16 kRowTiles, kD) in registers or in shared memory.
template <int kD, int kRowTiles, int kColumnTiles>
__device__ inline void add_product(Sums<kRowTiles, kColumnTiles>& sums, const LeftOperand<kD, kRowTiles>& left,
                                   SwizzledTile<kD> right) {
  const uint32_t right_lane = right.lane_by_columns();
#pragma unroll
  for (int k = 0; k < kD / 16; ++k) add_product_step<kD>(sums, left.at[k], right_lane, k);
}
// The first row tiles of left in registers, the others in shared memory.
template <int kD, int kHeld, int kRowTiles, int kColumnTiles>
__device__ inline void add_product(Sums<kRowTiles, kColumnTiles>& sums, const LeftOperand<kD, kHeld>& held,
                                   SwizzledTile<kD> others, SwizzledTile<kD> right) {
  const uint32_t left_lane = others.lane_by_rows(), right_lane = right.lane_by_columns();
#pragma unroll
  for (int k = 0; k < kD / 16; ++k) {
    uint32_t step[kRowTiles][4];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
      if (r >= kHeld)
        load_matrices(step[r], others.moved(left_lane, 16 * (r - kHeld), 16 * k));
      else
#pragma unroll
        for (int i = 0; i < 4; ++i) step[r][i] = held.at[k][r < kHeld ? r : 0][i];
    add_product_step<kD>(sums, step, right_lane, k);
  }
}
template <int kD, int kRowTiles, int kColumnTiles>
__device__ inline void add_product(Sums<kRowTiles, kColumnTiles>& sums, SwizzledTile<kD> left, SwizzledTile<kD> right) {
  const uint32_t left_lane = left.lane_by_rows(), right_lane = right.lane_by_columns();
#pragma unroll
  for (int k = 0; k < kD / 16; ++k) {
    uint32_t step[kRowTiles][4];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) load_matrices(step[r], left.moved(left_lane, 16 * r, 16 * k));
    add_product_step<kD>(sums, step, right_lane, k);
  }
}

// sums (16 kRowTiles, kD) += weights (16 kRowTiles, 8 kColumnTiles), rounded to bf16, times right (8 kColumnTiles, kD).
template <int kD, int kRowTiles, int kColumnTiles>
__device__ inline void add_weighted_rows(Sums<kRowTiles, kD / 8>& sums, const Sums<kRowTiles, kColumnTiles>& weights,
                                         SwizzledTile<kD> right) {
  const uint32_t right_lane = right.lane_by_rows();
#pragma unroll
  for (int k = 0; k < kColumnTiles / 2; ++k) {
    uint32_t left[kRowTiles][4];
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r) weights.as_left(left[r], r, k);
#pragma unroll
    for (int d = 0; d < kD; d += 16) {
      uint32_t block[4];
      load_matrices_transposed(block, right.moved(right_lane, 16 * k, d));
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) {
        multiply_add(sums.at[r][d / 8], left[r], block[0], block[1]);
        multiply_add(sums.at[r][d / 8 + 1], left[r], block[2], block[3]);
      }
    }
  }
}

// Writes factor(r, half) * sums as bf16 to rows [0, existing) of global memory, by way of a tile of the warp's own, in
// pieces of 16 bytes.
template <int kD, int kRowTiles, class Factor>
__device__ inline void store_rows(__nv_bfloat16* to, int64_t stride, int existing, SwizzledTile<kD> tile,
                                  const Sums<kRowTiles, kD / 8>& sums, const Factor& factor) {
  constexpr int kPieces = SwizzledTile<kD>::kPieces, kRowsAtOnce = 32 / kPieces;
  const int lane = threadIdx.x % 32;
  __syncwarp();
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float f = factor(r, half);
#pragma unroll
      for (int n = 0; n < kD / 8; ++n)
        asm volatile("st.shared.u32 [%0], %1;" ::"r"(tile.piece(16 * r + 8 * half + lane / 4, n) + lane % 4 * 4),
                     "r"(pack_bf16(f * sums.at[r][n][2 * half], f * sums.at[r][n][2 * half + 1]))
                     : "memory");
    }
  __syncwarp();
  for (int row = lane / kPieces; row < min(existing, 16 * kRowTiles); row += kRowsAtOnce) {
    store_pack(to + row * stride + lane % kPieces * 8, load_shared_pack(tile.piece(row, lane % kPieces)));
  }
}

}  // namespace convoy::cuda
