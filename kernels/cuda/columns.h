// How kernels over the columns of a matrix (N, C) deal it out. The threads of a block lie side by side over
// neighbouring columns, kWidth each, and where those are few over several rows; a block has a group of columns
// (blockIdx.x) and a chunk of rows (blockIdx.y). Neighbouring threads read neighbouring memory, and each always has the
// same columns.
#pragma once

#include <cuda_runtime.h>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/pack.h"

namespace convoy::cuda {

inline constexpr int kColumnThreads = 256;
inline constexpr int kColumnWidth = 4;  // where rows are aligned; otherwise 1
inline constexpr int kMostColumnLanes = 32;
inline constexpr int64_t kLeastColumnRows = 4;  // of a thread

struct ColumnGrid {
  bool wide = false;
  int lanes = 1;           // threads side by side, a power of two
  int64_t chunk_rows = 1;  // of a block
  dim3 blocks;
  int64_t chunks() const { return blocks.y; }
};

// Depends on the shape and `wide` alone.
inline ColumnGrid column_grid(int64_t N, int64_t C, bool wide) {
  ColumnGrid grid;
  grid.wide = wide;
  const int64_t width = wide ? kColumnWidth : 1;
  while (grid.lanes < kMostColumnLanes && grid.lanes * width < C) grid.lanes *= 2;
  const int64_t groups = ceil_div(C, grid.lanes * width), rows_at_once = kColumnThreads / grid.lanes;
  const int64_t most = groups < kManyBlocks ? kManyBlocks / groups : 1;
  const int64_t wanted = ceil_div(N, rows_at_once * kLeastColumnRows);
  grid.chunk_rows = ceil_div(N, wanted < most ? wanted : most);
  grid.blocks = dim3(static_cast<unsigned>(groups), static_cast<unsigned>(ceil_div(N, grid.chunk_rows)));
  return grid;
}

template <class... Addresses>
bool wide_columns(int64_t C, const Addresses*... addresses) {
  return C % kColumnWidth == 0 && aligned_16(addresses...);
}

// A thread's part of the grid.
struct ColumnPart {
  int lane, row_thread, rows_at_once;
  int64_t column;      // its first; may lie beyond the last
  int64_t begin, end;  // rows of the chunk

  __device__ ColumnPart(int64_t N, int lanes, int64_t chunk_rows, int width)
      : lane(static_cast<int>(threadIdx.x) % lanes),
        row_thread(static_cast<int>(threadIdx.x) / lanes),
        rows_at_once(kColumnThreads / lanes),
        column((int64_t{blockIdx.x} * lanes + lane) * width),
        begin(blockIdx.y * chunk_rows),
        end(begin + chunk_rows < N ? begin + chunk_rows : N) {}

  // body(row) for the rows of this thread.
  template <class Body>
  __device__ void for_rows(const Body& body) const {
#pragma unroll 4
    for (int64_t row = begin + row_thread; row < end; row += rows_at_once) body(row);
  }
};

// Joins what the threads of a block have found of the same columns, by a tree over their rows; then the threads with
// row_thread 0 have it. join(thread): what that thread has put into shared memory to what this one has. put(): what
// this one has, into shared memory.
template <class Put, class Join>
__device__ inline void join_row_threads(int row_thread, int rows_at_once, int lanes, const Put& put, const Join& join) {
  for (int half = rows_at_once / 2; half > 0; half /= 2) {
    if (row_thread >= half && row_thread < 2 * half) put();
    __syncthreads();
    if (row_thread < half) join(static_cast<int>(threadIdx.x) + half * lanes);
    __syncthreads();
  }
}

// Threads that join the chunks of the same columns, and columns of a block.
inline constexpr int kJoinRows = 16, kJoinColumns = 32;

}  // namespace convoy::cuda
