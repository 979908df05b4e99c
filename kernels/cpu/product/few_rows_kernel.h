// Products of a few rows: the cost is reading b once from memory, so it is read where it lies, in long runs, and meets
// all rows on its way.
//
// Each element is summed over k in order within a block, and blocks one after the other, as panel_kernel.h does: a row
// has the same bits, however many there are.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// Elements of a row of b that are requested ahead of use, and rows likewise.
inline constexpr int64_t kElementsAhead = 256, kRowsAhead = 8;
inline constexpr int64_t kRowsAtOnce = 4;  // of b, that meet a sum between its load and its store

// sums[n] of a row: begins with the first block, or adds the next one.
inline void join_block(float* sums, F32x16 block, bool first) { store(sums, first ? block : load(sums) + block); }

// b (K, N): steps [k, k + kSteps) of k for all columns. blocks (kR, stride): sums of the block so far.
template <int kR, int kSteps, class Real>
inline void add_steps(const FewRows& p, const Real* b, int64_t k, float* blocks, int64_t stride) {
  const Real* const row = b + k * p.b_stride;
  for_vectors(p.columns, [&](int64_t n, auto lanes) {
    F32x16 of_b[kSteps];
#pragma GCC unroll 4
    for (int i = 0; i < kSteps; ++i) {
      of_b[i] = load(row + i * p.b_stride + n, lanes);
      if (k + i + kRowsAhead < p.inner) __builtin_prefetch(row + (i + kRowsAhead) * p.b_stride + n);
    }
#pragma GCC unroll 4
    for (int m = 0; m < kR; ++m) {
      F32x16 sum = load(blocks + m * stride + n);
#pragma GCC unroll 4
      for (int i = 0; i < kSteps; ++i) sum = fma(broadcast(p.a[m * p.a_stride + k + i]), of_b[i], sum);
      store(blocks + m * stride + n, sum);
    }
  });
}

// The columns of b lie apart: vectors of neighbouring ones.
template <int kR, class Real>
void rows_times_rows(const FewRows& p) {
  const Real* b = static_cast<const Real*>(p.b);
  const int64_t stride = p.sums_stride;
  float* const blocks = p.sums + kR * stride;
  for (int64_t begin = 0; begin < p.inner; begin += p.block) {
    const int64_t end = std::min(p.inner, begin + p.block);
    std::memset(blocks, 0, sizeof(float) * static_cast<size_t>(kR * stride));
    int64_t k = begin;
    for (; k + kRowsAtOnce <= end; k += kRowsAtOnce) add_steps<kR, kRowsAtOnce>(p, b, k, blocks, stride);
    for (; k < end; ++k) add_steps<kR, 1>(p, b, k, blocks, stride);
    for (int m = 0; m < kR; ++m)
      for (int64_t n = 0; n < stride; n += kLanes)
        join_block(p.sums + m * stride + n, load(blocks + m * stride + n), begin == 0);
  }
}

// Four neighbouring steps of k of sixteen rows of b, from k on, as vectors of the rows' elements.
struct FourSteps {
  static constexpr int64_t kSteps = 4;
  template <class Body>
  static void each(const float* b, int64_t stride, const Body& body) {
    F32x16 block[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) block[i] = load_quarters(b + i * stride, 4 * stride);
    transpose_quarters(block);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) body(i, block[i]);
  }
};

// Eight of bf16: two neighbours are one word of 32 bits. Needs an even stride.
struct EightSteps {
  static constexpr int64_t kSteps = 8;
  template <class Body>
  static void each(const bf16* b, int64_t stride, const Body& body) {
    const auto* words = reinterpret_cast<const float*>(b);
    F32x16 block[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) block[i] = load_quarters(words + i * stride / 2, 2 * stride);
    transpose_quarters(block);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const I32x16 pair = bits_of(block[i]);
      body(2 * i, from_bits(shift_left<16>(pair)));
      body(2 * i + 1, from_bits(pair & broadcast(static_cast<int32_t>(0xffff0000))));
    }
  }
};

// One step of as many rows as there are.
template <class Real>
inline F32x16 gather_step(const Real* b, int64_t stride, int64_t rows) {
  alignas(64) float lanes[kLanes] = {};
  for (int64_t i = 0; i < rows; ++i) lanes[i] = static_cast<float>(b[i * stride]);
  return load(lanes);
}

// The lines of sixteen rows of b that come so far behind step k, or of the sixteen after them.
template <class Real>
inline void request_ahead(const FewRows& p, const Real* b, int64_t k) {
  constexpr int64_t kAhead = kElementsAhead * 4 / static_cast<int64_t>(sizeof(Real));
  const int64_t at = k + kAhead < p.inner ? k + kAhead : 16 * p.b_stride + k + kAhead - p.inner;
  for (int64_t i = 0; i < kLanes; ++i) __builtin_prefetch(b + i * p.b_stride + at);
}

template <int kR, class Steps, class Real>
inline void sixteen_columns(const FewRows& p, const Real* b, int64_t columns, float* sums) {
  constexpr int64_t kPerLine = 64 / static_cast<int64_t>(sizeof(Real));
  for (int64_t begin = 0; begin < p.inner; begin += p.block) {
    const int64_t end = std::min(p.inner, begin + p.block);
    F32x16 block[kR];
#pragma GCC unroll 4
    for (int m = 0; m < kR; ++m) block[m] = broadcast(0.0f);
    const auto step = [&](int64_t k, F32x16 of_b) __attribute__((always_inline)) {
#pragma GCC unroll 4
      for (int m = 0; m < kR; ++m) block[m] = fma(broadcast(p.a[m * p.a_stride + k]), of_b, block[m]);
    };
    int64_t k = begin;
    if (columns == kLanes && (sizeof(Real) == 4 || p.b_stride % 2 == 0))
      for (; k + Steps::kSteps <= end; k += Steps::kSteps) {
        if (k % kPerLine == 0) request_ahead(p, b, k);
        Steps::each(
            b + k, p.b_stride, [&](int64_t i, F32x16 of_b) __attribute__((always_inline)) { step(k + i, of_b); });
      }
    for (; k < end; ++k) step(k, gather_step(b + k, p.b_stride, columns));
    for (int m = 0; m < kR; ++m) join_block(sums + m * p.sums_stride, block[m], begin == 0);
  }
}

// The columns of b are dense.
template <int kR, class Real>
void rows_times_columns(const FewRows& p) {
  using Steps = std::conditional_t<sizeof(Real) == 4, FourSteps, EightSteps>;
  const Real* b = static_cast<const Real*>(p.b);
  for (int64_t n = 0; n < p.columns; n += kLanes)
    sixteen_columns<kR, Steps>(p, b + n * p.b_stride, std::min<int64_t>(kLanes, p.columns - n), p.sums + n);
}

template <int kR>
void few_rows_at_most(const FewRows& p) {
  if constexpr (kR > 1) {
    if (p.rows < kR) return few_rows_at_most<kR - 1>(p);
  }
  with_real(p.input, [&](auto* real) {
    using Real = std::remove_pointer_t<decltype(real)>;
    p.b_transposed ? rows_times_columns<kR, Real>(p) : rows_times_rows<kR, Real>(p);
  });
}

void few_rows(const FewRows& p) { few_rows_at_most<static_cast<int>(kFewRows)>(p); }

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
