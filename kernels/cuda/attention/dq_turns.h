// dq, to which every tile of keys adds, in an order that does not depend on which block runs when: in turns.
//
// A piece of dq, the f32 sums of one warp for one tile of queries, has a counter. The key tile whose turn it is adds
// its part to the piece in scratch memory and counts; the last one writes dq. Key tiles come from the last one that a
// query sees down to its first. A block waits for blocks of higher key tiles only, and these took their places before
// it did (`place`), so that they run already: nothing can wait for ever, in whatever order a GPU starts blocks.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "core/base/integers.h"
#include "core/ops/attention.h"
#include "kernels/cuda/reduce.h"

namespace convoy::cuda {

inline constexpr int kTurnQueries = 64;                  // of a tile
inline constexpr int kTurnRows = 32, kTurnColumns = 32;  // of a piece
inline constexpr int kTurnFragments = kTurnRows * kTurnColumns / 32 / 4;

// Scratch memory of attention's backward on tensor cores.
struct BackwardScratch {
  float* delta;     // (B, H, Tq)
  float4* dq;       // (B, H, query tiles, pieces, kTurnFragments, 32 lanes), in the order of fragments
  unsigned* turns;  // (B, H, query tiles, pieces) that were had, 0 at the start
  unsigned* place;  // the next block's, 0 at the start
  int tiles, pieces;

  static int64_t tiles_of(const AttentionShape& s) { return ceil_div<int64_t>(s.Tq, kTurnQueries); }
  static int64_t pieces_of(const AttentionShape& s) { return kTurnQueries * s.D / (kTurnRows * kTurnColumns); }
  static int64_t turns_of(const AttentionShape& s) { return s.B * s.H * tiles_of(s) * pieces_of(s); }
  static int64_t delta_elements(const AttentionShape& s) { return ceil_div<int64_t>(s.B * s.H * s.Tq, 64) * 64; }

  static size_t bytes(const AttentionShape& s) {
    const int64_t sums = turns_of(s) * kTurnRows * kTurnColumns;
    return static_cast<size_t>((delta_elements(s) + sums + turns_of(s) + 1) * int64_t{sizeof(float)});
  }

  // memory: bytes(s), aligned to 16 bytes.
  BackwardScratch(const AttentionShape& s, void* memory)
      : delta(static_cast<float*>(memory)),
        dq(reinterpret_cast<float4*>(delta + delta_elements(s))),
        turns(reinterpret_cast<unsigned*>(dq + turns_of(s) * kTurnFragments * 32)),
        place(turns + turns_of(s)),
        tiles(static_cast<int>(tiles_of(s))),
        pieces(static_cast<int>(pieces_of(s))) {}
};

// Until `turn` others have had theirs; what they wrote is then visible to the warp.
__device__ inline void wait_for_turn(const unsigned* turns, unsigned turn) {
  if (threadIdx.x % 32 == 0) {
    unsigned had = 0;
    do asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(had) : "l"(turns) : "memory");
    while (had != turn);
  }
  __syncwarp();
}

// The next one's turn; what this warp wrote is then visible to it, since a release has with it what the barrier before
// it made visible to its lane.
__device__ inline void pass_turn(unsigned* turns, unsigned turn) {
  __syncwarp();
  if (threadIdx.x % 32 == 0) asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(turns), "r"(turn + 1) : "memory");
}

// sums += what others have added to the piece before.
template <int kRowTiles, int kColumnTiles>
__device__ inline void add_piece(float (&sums)[kRowTiles][kColumnTiles][4], const float4* piece) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int n = 0; n < kColumnTiles; ++n) {
      const float4 before = __ldcg(piece + (r * kColumnTiles + n) * 32 + threadIdx.x % 32);
      sums[r][n][0] += before.x;
      sums[r][n][1] += before.y;
      sums[r][n][2] += before.z;
      sums[r][n][3] += before.w;
    }
}
template <int kRowTiles, int kColumnTiles>
__device__ inline void keep_piece(const float (&sums)[kRowTiles][kColumnTiles][4], float4* piece) {
#pragma unroll
  for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
    for (int n = 0; n < kColumnTiles; ++n)
      __stcg(piece + (r * kColumnTiles + n) * 32 + threadIdx.x % 32,
             make_float4(sums[r][n][0], sums[r][n][1], sums[r][n][2], sums[r][n][3]));
}

}  // namespace convoy::cuda
