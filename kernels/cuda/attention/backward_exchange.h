// What the warps of attention's backward tell each other: p^T, then ds^T, of a tile of keys and one of queries, as bf16
// in shared memory. A fragment of 16 keys x 8 queries is written and read by lanes that hold the same elements of it.
#pragma once

#include "kernels/cuda/attention/dq_turns.h"
#include "kernels/cuda/attention/swizzled_tile.h"

namespace convoy::cuda {

inline constexpr int kBackwardKeys = 128;  // of a block

struct BackwardExchange {
  static constexpr int kBytes = kBackwardKeys * kTurnQueries * 2;

  SwizzledTile<kTurnQueries> tile;  // (kBackwardKeys, kTurnQueries)

  __device__ BackwardExchange(uint32_t address) : tile(address) {}

  // row: of the fragment's first key; piece: its queries are [8 piece, 8 piece + 8).
  __device__ uint32_t word(int row, int half, int piece) const {
    const int lane = static_cast<int>(threadIdx.x) % 32;
    return tile.piece(row + 8 * half + lane / 4, piece) + static_cast<uint32_t>(lane % 4 * 4);
  }
  __device__ void put(const float (&values)[4], int row, int piece) const {
#pragma unroll
    for (int half = 0; half < 2; ++half)
      write(word(row, half, piece), pack_bf16(values[2 * half], values[2 * half + 1]));
  }
  __device__ void get(float (&values)[4], int row, int piece) const {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      uint32_t pair;
      asm volatile("ld.shared.u32 %0, [%1];" : "=r"(pair) : "r"(word(row, half, piece)) : "memory");
      values[2 * half] = __uint_as_float(pair << 16);
      values[2 * half + 1] = __uint_as_float(pair & 0xffff0000u);
    }
  }
  template <int kRowTiles, int kPieces>
  __device__ void clear(int row, int piece) const {
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int n = 0; n < kPieces; ++n)
#pragma unroll
        for (int half = 0; half < 2; ++half) write(word(row + 16 * r, half, piece + n), 0);
  }

 private:
  __device__ static void write(uint32_t address, uint32_t value) {
    asm volatile("st.shared.u32 [%0], %1;" ::"r"(address), "r"(value) : "memory");
  }
};

}  // namespace convoy::cuda
