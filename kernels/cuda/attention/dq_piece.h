// The part of dq that a block's keys make for a tile of queries: each warp has a piece of 32 queries x 32 columns.
#pragma once

#include "kernels/cuda/attention/backward_exchange.h"
#include "kernels/cuda/attention/dq_turns.h"
#include "kernels/cuda/attention/views.h"

namespace convoy::cuda {

// Which key tiles add to which query tiles of a sample's heads: from the last that its queries see down to the first,
// and at least one, so that every dq is written.
struct DqTurnOrder {
  const AttentionExtents& x;
  int sample;

  __device__ DqTurnOrder(const AttentionExtents& extents, int of_sample) : x(extents), sample(of_sample) {}

  __device__ int last_key_tile(int tile) const {
    return max(x.keys_seen(min((tile + 1) * kTurnQueries, x.Tq)) - 1, 0) / kBackwardKeys;
  }
  __device__ int first_key_tile(int tile) const {
    if (!x.banded) return 0;
    return min(x.first_key_of(sample, tile * kTurnQueries, x.shift) / kBackwardKeys, last_key_tile(tile));
  }
  __device__ unsigned turn(int key_tile, int tile) const {
    return static_cast<unsigned>(last_key_tile(tile) - key_tile);
  }
  __device__ bool is_last(int key_tile, int tile) const { return key_tile == first_key_tile(tile); }

  // Queries to whose tiles a key tile adds: from here on, and those before.
  __device__ int first_query(int key_tile) const {
    return key_tile == 0 ? 0 : x.first_query_of(key_tile * kBackwardKeys) / kTurnQueries * kTurnQueries;
  }
  __device__ int end_query(int key_tile) const {
    const int next = (key_tile + 1) * kBackwardKeys;
    if (!x.banded || next >= x.Tk) return x.Tq;
    return max(x.queries_end_of(sample, next - 1), first_query(key_tile + 1));
  }
};

template <int kD>
struct DqPiece {
  static constexpr int kRowTiles = kTurnRows / 16, kColumnTiles = kTurnColumns / 8;
  static constexpr int kColumnPieces = kD / kTurnColumns;

  Sums<kRowTiles, kColumnTiles> sums;

  __device__ static int warp() { return static_cast<int>(computed_here(threadIdx.x)) / 32; }
  __device__ static int row() { return warp() / kColumnPieces * kTurnRows; }
  __device__ static int column() { return warp() % kColumnPieces * kTurnColumns; }

  // ds^T (keys, queries), keys (keys, kD), both from the block's first key to keys_end.
  __device__ void multiply(const BackwardExchange& ds, SwizzledTile<kD> keys, int keys_end) {
    const unsigned thread = computed_here(threadIdx.x);
    const uint32_t left_lane = ds.tile.moved(ds.tile.lane_by_columns(thread), 0, row());
    const uint32_t right_lane = keys.moved(keys.lane_by_rows(thread), 0, column());
    sums.clear();
#pragma unroll 1
    for (int k = 0; k < keys_end; k += 16) {
      uint32_t left[kRowTiles][4];
#pragma unroll
      for (int r = 0; r < kRowTiles; ++r) load_matrices_transposed(left[r], ds.tile.moved(left_lane, k, 16 * r));
#pragma unroll
      for (int c = 0; c < kColumnTiles; c += 2) {
        uint32_t right[4];
        load_matrices_transposed(right, keys.moved(right_lane, k, 8 * c));
#pragma unroll
        for (int r = 0; r < kRowTiles; ++r) {
          multiply_add(sums.at[r][c], left[r], right[0], right[1]);
          multiply_add(sums.at[r][c + 1], left[r], right[2], right[3]);
        }
      }
    }
  }

  // Adds what the turns before have added. Is it then whole? Otherwise it is kept for the next one.
  __device__ bool take_turn(const BackwardScratch& scratch, int64_t tile, unsigned turn, bool is_last) {
    const int64_t piece = tile * scratch.pieces + warp();
    float4* kept = scratch.dq + piece * (kTurnFragments * 32);
    if (turn > 0) {
      wait_for_turn(scratch.turns + piece, turn);
      add_piece(sums.at, kept);
    }
    if (is_last) return true;
    keep_piece(sums.at, kept);
    pass_turn(scratch.turns + piece, turn);
    return false;
  }

  // To rows [0, existing) of the tile at `to`. Neighbouring lanes exchange, so that four of them fill 32 bytes.
  __device__ void store(__nv_bfloat16* to, int64_t stride, int existing, float factor) const {
    const int lane = static_cast<int>(computed_here(threadIdx.x)) % 32, odd = lane % 2, first_row = row() + lane / 4;
    to += first_row * stride + column() + 8 * odd + lane % 4 / 2 * 4;
#pragma unroll
    for (int r = 0; r < kRowTiles; ++r)
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        const int moved = 16 * r + 8 * half;
#pragma unroll
        for (int n = 0; n < kColumnTiles; n += 2) {
          const float(&left)[4] = sums.at[r][n], (&right)[4] = sums.at[r][n + 1];
          const uint32_t first = pack_bf16(factor * left[2 * half], factor * left[2 * half + 1]);
          const uint32_t second = pack_bf16(factor * right[2 * half], factor * right[2 * half + 1]);
          const uint32_t other = __shfl_xor_sync(kAllLanes, odd ? first : second, 1);
          if (first_row + moved < existing)
            *reinterpret_cast<uint2*>(to + moved * stride + 8 * n) =
                odd ? make_uint2(other, second) : make_uint2(first, other);
        }
      }
  }
};

}  // namespace convoy::cuda
