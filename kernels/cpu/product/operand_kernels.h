// Loops over the operands of a product.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

void widen(float* to, const bf16* from, int64_t count) {
  for_vectors(count, [=](int64_t i, auto lanes) { store(to + i, load(from + i, lanes), lanes); });
}

// Four rows at a time halve the loads and stores of the running sums.
template <class Real>
void add_rows(float* sums, const Real* rows, int64_t row_stride, int64_t count, int64_t columns) {
  int64_t m = 0;
  for (; m + 4 <= count; m += 4) {
    const Real* row = rows + m * row_stride;
    for_vectors(columns, [=](int64_t n, auto lanes) {
      const F32x16 upper = load(row + n, lanes) + load(row + row_stride + n, lanes);
      const F32x16 lower = load(row + 2 * row_stride + n, lanes) + load(row + 3 * row_stride + n, lanes);
      store(sums + n, load(sums + n, lanes) + (upper + lower), lanes);
    });
  }
  for (; m < count; ++m)
    for_vectors(columns, [=](int64_t n, auto lanes) {
      store(sums + n, load(sums + n, lanes) + load(rows + m * row_stride + n, lanes), lanes);
    });
}

template <class Real>
void add_column_sums_of(float* sums, const Real* matrix, int64_t row_stride, int64_t rows, int64_t columns) {
  constexpr int64_t kRowsPerChunk = 64, kColumnsPerPass = 768;  // a tile's columns in one pass
  float chunk[kColumnsPerPass], total[kColumnsPerPass];
  for (int64_t n = 0; n < columns; n += kColumnsPerPass) {
    const int64_t width = std::min(kColumnsPerPass, columns - n);
    std::fill_n(total, width, 0.0f);
    for (int64_t m = 0; m < rows; m += kRowsPerChunk) {
      std::fill_n(chunk, width, 0.0f);
      add_rows(chunk, matrix + m * row_stride + n, row_stride, std::min(kRowsPerChunk, rows - m), width);
      add_rows(total, static_cast<const float*>(chunk), width, 1, width);
    }
    add_rows(sums + n, static_cast<const float*>(total), width, 1, width);
  }
}

void add_column_sums(float* sums, const void* matrix, DType dtype, int64_t row_stride, int64_t rows, int64_t columns) {
  with_real(dtype, [=](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    add_column_sums_of(sums, static_cast<const Real*>(matrix), row_stride, rows, columns);
  });
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
