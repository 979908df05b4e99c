// A plain matrix product on the CPU: f32 in hand, each element one chain of fused multiply-adds in the order of k.
#pragma once
#include <library_types.h>

#include <cstdint>

namespace convoy::vgpu {
// A matrix in memory; element (row, column) stands row * row_stride + column * column_stride elements from the start.
struct MatrixView {
  const void* data;
  cudaDataType_t type;
  int64_t row_stride, column_stride;
  MatrixView transposed() const { return {data, type, column_stride, row_stride}; }
};

// result (m, n), column after column, = a (m, k) b (k, n). The same bits for every number of threads.
void multiply(const MatrixView& a, const MatrixView& b, int64_t m, int64_t n, int64_t k, bool tf32, int num_threads,
              float* result);
}  // namespace convoy::vgpu
