#include "tests/virtual_gpu/blas/product.h"

#include <immintrin.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "tests/virtual_gpu/blas/element.h"

namespace convoy::vgpu {
namespace {
// The inner kernel makes a tile of the result in registers: 16 rows are two vectors, 6 columns leave room for operands.
constexpr int64_t kTileRows = 16, kTileColumns = 6;
// A packed block of a and one of b fit the second-level cache, a panel of each the first.
constexpr int64_t kBlockRows = 192, kBlockColumns = 384, kBlockDepth = 256;
constexpr int64_t kLeastWorkPerThread = 1 << 20;  // multiplications

int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

// Copies rows [row, row + rows) and depth [depth, depth + depths) into panels of `panel` rows, each panel depth after
// depth, filled up with zeros.
template <class Element>
void pack(const MatrixView& matrix, int64_t row, int64_t rows, int64_t depth, int64_t depths, int64_t panel, bool tf32,
          float* to) {
  const auto* data = static_cast<const Element*>(matrix.data) + row * matrix.row_stride + depth * matrix.column_stride;
  for (int64_t first = 0; first < rows; first += panel, to += panel * depths) {
    const int64_t count = std::min(panel, rows - first);
    if (count < panel) std::fill(to, to + panel * depths, 0.0f);
    const Element* from = data + first * matrix.row_stride;
    if (matrix.row_stride == 1) {
      for (int64_t p = 0; p < depths; ++p)
        for (int64_t r = 0; r < count; ++r) to[p * panel + r] = from[p * matrix.column_stride + r].to_float();
    } else {
      for (int64_t r = 0; r < count; ++r)
        for (int64_t p = 0; p < depths; ++p)
          to[p * panel + r] = from[r * matrix.row_stride + p * matrix.column_stride].to_float();
    }
    if (tf32) std::transform(to, to + panel * depths, to, round_to_tf32);
  }
}

void pack_any(const MatrixView& matrix, int64_t row, int64_t rows, int64_t depth, int64_t depths, int64_t panel,
              bool tf32, float* to) {
  with_element(matrix.type,
               [&]<class Element>(Element) { pack<Element>(matrix, row, rows, depth, depths, panel, tf32, to); });
}

// tile[16 x 6] += a panel times b panel. `stride` is the distance of the tile's columns.
void multiply_tile(const float* a, const float* b, int64_t depths, float* tile, int64_t stride) {
  __m256 low[kTileColumns], high[kTileColumns];
  for (int64_t c = 0; c < kTileColumns; ++c) {
    low[c] = _mm256_loadu_ps(tile + c * stride);
    high[c] = _mm256_loadu_ps(tile + c * stride + 8);
  }
  for (int64_t p = 0; p < depths; ++p, a += kTileRows, b += kTileColumns) {
    const __m256 a_low = _mm256_loadu_ps(a), a_high = _mm256_loadu_ps(a + 8);
#pragma GCC unroll 6
    for (int64_t c = 0; c < kTileColumns; ++c) {
      const __m256 x = _mm256_broadcast_ss(b + c);
      low[c] = _mm256_fmadd_ps(a_low, x, low[c]);
      high[c] = _mm256_fmadd_ps(a_high, x, high[c]);
    }
  }
  for (int64_t c = 0; c < kTileColumns; ++c) {
    _mm256_storeu_ps(tile + c * stride, low[c]);
    _mm256_storeu_ps(tile + c * stride + 8, high[c]);
  }
}

// A tile that reaches over the edge of the result goes by way of a copy.
void multiply_edge_tile(const float* a, const float* b, int64_t depths, float* tile, int64_t stride, int64_t rows,
                        int64_t columns) {
  float copy[kTileRows * kTileColumns] = {};
  for (int64_t c = 0; c < columns; ++c) std::copy_n(tile + c * stride, rows, copy + c * kTileRows);
  multiply_tile(a, b, depths, copy, kTileRows);
  for (int64_t c = 0; c < columns; ++c) std::copy_n(copy + c * kTileRows, rows, tile + c * stride);
}

struct Product {
  MatrixView a, b;
  int64_t m, n, k;
  bool tf32;
  float* result;

  void block(const float* packed_a, const float* packed_b, int64_t row, int64_t rows, int64_t column, int64_t columns,
             int64_t depths) const {
    for (int64_t c = 0; c < columns; c += kTileColumns)
      for (int64_t r = 0; r < rows; r += kTileRows) {
        const float *panel_a = packed_a + r * depths, *panel_b = packed_b + c * depths;
        float* tile = result + (column + c) * m + row + r;
        const int64_t tile_rows = std::min(kTileRows, rows - r), tile_columns = std::min(kTileColumns, columns - c);
        if (tile_rows == kTileRows && tile_columns == kTileColumns)
          multiply_tile(panel_a, panel_b, depths, tile, m);
        else
          multiply_edge_tile(panel_a, panel_b, depths, tile, m, tile_rows, tile_columns);
      }
  }

  // Rows [row_begin, row_end) and columns [column_begin, column_end) of the result.
  void part(int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) const {
    std::vector<float> packed_a(static_cast<size_t>(kBlockRows * kBlockDepth));
    std::vector<float> packed_b(static_cast<size_t>(kBlockColumns * kBlockDepth));
    for (int64_t column = column_begin; column < column_end; column += kBlockColumns) {
      const int64_t columns = std::min(kBlockColumns, column_end - column);
      for (int64_t depth = 0; depth < k; depth += kBlockDepth) {
        const int64_t depths = std::min(kBlockDepth, k - depth);
        pack_any(b.transposed(), column, columns, depth, depths, kTileColumns, tf32, packed_b.data());
        for (int64_t row = row_begin; row < row_end; row += kBlockRows) {
          const int64_t rows = std::min(kBlockRows, row_end - row);
          pack_any(a, row, rows, depth, depths, kTileRows, tf32, packed_a.data());
          block(packed_a.data(), packed_b.data(), row, rows, column, columns, depths);
        }
      }
    }
  }
};
static_assert(kBlockRows % kTileRows == 0 && kBlockColumns % kTileColumns == 0);
}  // namespace

void multiply(const MatrixView& a, const MatrixView& b, int64_t m, int64_t n, int64_t k, bool tf32, int num_threads,
              float* result) {
  std::fill(result, result + m * n, 0.0f);
  const Product product{a, b, m, n, k, tf32, result};
  const int64_t useful = std::max<int64_t>(1, m * n * k / kLeastWorkPerThread);
  const int64_t threads = std::min<int64_t>(std::max(1, num_threads), useful);
  if (threads == 1) return product.part(0, m, 0, n);
  const bool by_rows = m >= n;  // each thread takes a range of the longer side
  const int64_t length = by_rows ? m : n;
  const int64_t share = round_up((length + threads - 1) / threads, by_rows ? kTileRows : kTileColumns);
  std::vector<std::thread> workers;
  for (int64_t begin = 0; begin < length; begin += share) {
    const int64_t end = std::min(length, begin + share);
    workers.emplace_back([=, &product] { by_rows ? product.part(begin, end, 0, n) : product.part(0, m, begin, end); });
  }
  for (std::thread& worker : workers) worker.join();
}
}  // namespace convoy::vgpu
