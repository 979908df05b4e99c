// The inner loops of large f32 products: strips of a times panels of b, after Goto and van de Geijn, "Anatomy of
// high-performance matrix multiplication", ACM TOMS 34(3), 2008.
//
// A panel is 16 or 48 columns of a block of b, packed so that k runs in order. kStripRows rows of a meet it in
// registers: per k one vector load per 16 columns and one broadcast per row feed all multiply-adds, so that neither
// loads nor additions wait. A block of b stays in the second-level cache while all strips pass it; the strip stays in
// the first. Rows of a are read where they are. Meanwhile what comes next is requested from memory.
//
// Each element is summed over k in order, so both variants give the same bits.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// 24 sums of the 32 AVX-512 registers; 6 of two registers each of the 16 of AVX2.
inline constexpr int kStripRows = kMaxProductColumns == 1 ? 6 : 8;
inline constexpr int kPanelVectors = kMaxProductColumns == 1 ? 1 : 3;
inline constexpr int64_t kPanelColumns = kPanelVectors * kLanes;
// Steps of k between two requests: when they come faster the processor drops them.
inline constexpr int64_t kStepsPerPanelRequest = kMaxProductColumns == 1 ? 16 : 4;

enum class StripLayout {
  rows,    // a[m * stride + k]
  packed,  // a[k * kStripRows + m]
};

// R rows of c (R, 16 V) from R rows of a and a panel of V vectors. last: how many columns of the last vector exist.
template <int R, int V, StripLayout kLayout>
inline void strip_times_panel(const PanelStrip& strip, const float* panel, float* c, int last, Requests& requests) {
  F32x16 sums[R][V];
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) sums[m][n] = broadcast(0.0f);
  const auto step = [&](int64_t k) {
    F32x16 row[V];
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) row[n] = load(panel + (k * V + n) * kLanes);
#pragma GCC unroll 8
    for (int m = 0; m < R; ++m) {
      const F32x16 factor =
          broadcast(kLayout == StripLayout::rows ? strip.a[m * strip.a_stride + k] : strip.a[k * kStripRows + m]);
#pragma GCC unroll 4
      for (int n = 0; n < V; ++n) sums[m][n] = fma(factor, row[n], sums[m][n]);
    }
  };
  int64_t k = 0;
  for (; k + kStepsPerPanelRequest <= strip.inner; k += kStepsPerPanelRequest) {
    requests.send_one();
#pragma GCC unroll 4
    for (int64_t i = 0; i < kStepsPerPanelRequest; ++i) step(k + i);
  }
  for (; k < strip.inner; ++k) step(k);
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) {
      float* to = c + m * strip.c_stride + n * kLanes;
      if (n < V - 1 || last == kLanes)
        store(to, strip.add ? load(to) + sums[m][n] : sums[m][n]);
      else
        store_first(to, strip.add ? load_first(to, last) + sums[m][n] : sums[m][n], last);
    }
}

template <int R, int V>
inline void strip_times_panel(const PanelStrip& strip, const float* panel, float* c, int last, Requests& requests) {
  if (strip.a_packed)
    strip_times_panel<R, V, StripLayout::packed>(strip, panel, c, last, requests);
  else
    strip_times_panel<R, V, StripLayout::rows>(strip, panel, c, last, requests);
}

// The last panel may be narrower: no more vectors than its columns need.
template <int R>
void multiply_rows(const PanelStrip& strip) {
  Requests requests;
  for (const PanelStrip::Region& region : strip.next)
    requests.add(region.first, region.stride, region.rows, region.elements);
  for (int64_t n = 0; n < strip.columns; n += kPanelColumns) {
    const float* panel = strip.panels + n * strip.inner;
    const int64_t columns = std::min(kPanelColumns, strip.columns - n);
    const int64_t vectors = ceil_div<int64_t>(columns, kLanes);
    const int last = static_cast<int>(columns - (vectors - 1) * kLanes);
    if constexpr (kPanelVectors > 2) {
      if (vectors == 3) {
        strip_times_panel<R, 3>(strip, panel, strip.c + n, last, requests);
        continue;
      }
      if (vectors == 2) {
        strip_times_panel<R, 2>(strip, panel, strip.c + n, last, requests);
        continue;
      }
    }
    strip_times_panel<R, 1>(strip, panel, strip.c + n, last, requests);
  }
}

template <int R>
void multiply_at_most(const PanelStrip& strip) {
  if constexpr (R > 1) {
    if (strip.rows < R) return multiply_at_most<R - 1>(strip);
  }
  multiply_rows<R>(strip);
}

void multiply_strip(const PanelStrip& strip) { multiply_at_most<kStripRows>(strip); }

// b (inner, columns), rows `stride` apart.
void pack_rows(float* to, const float* b, int64_t stride, int64_t inner, int64_t columns) {
  for (int64_t n = 0; n < columns; n += kPanelColumns) {
    const int64_t width = std::min(kPanelColumns, columns - n);
    for (int64_t k = 0; k < inner; ++k)
      for_vectors(width, [&](int64_t i, auto lanes) {
        store(to, load(b + k * stride + n + i, lanes));
        to += kLanes;
      });
  }
}

// Sixteen rows of b (columns, inner) as columns of a panel of `vectors` vectors: four steps of k at a time.
inline void pack_sixteen(float* to, const float* b, int64_t stride, int64_t inner, int64_t vectors) {
  const int64_t step = vectors * kLanes;
  int64_t k = 0;
  for (; k + 4 <= inner; k += 4) {
    F32x16 block[4];
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) block[i] = load_quarters(b + i * stride + k, 4 * stride);
    transpose_quarters(block);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) store(to + (k + i) * step, block[i]);
  }
  for (; k < inner; ++k)
    for (int i = 0; i < kLanes; ++i) to[k * step + i] = b[i * stride + k];
}

// b (columns, inner), rows `stride` apart.
void pack_columns(float* to, const float* b, int64_t stride, int64_t inner, int64_t columns) {
  for (int64_t n = 0; n < columns; n += kPanelColumns) {
    const int64_t width = std::min(kPanelColumns, columns - n), vectors = ceil_div<int64_t>(width, kLanes);
    for (int64_t i = 0; i < width; i += kLanes) {
      const float* from = b + (n + i) * stride;
      if (i + kLanes <= width) {
        pack_sixteen(to + i, from, stride, inner, vectors);
        continue;
      }
      for (int64_t k = 0; k < inner; ++k)
        for (int64_t lane = 0; lane < kLanes; ++lane)
          to[k * vectors * kLanes + i + lane] = i + lane < width ? from[lane * stride + k] : 0.0f;
    }
    to += inner * vectors * kLanes;
  }
}

// a (inner, rows), rows `stride` apart.
void pack_strip(float* to, const float* a, int64_t stride, int64_t inner, int64_t rows) {
  for (int64_t k = 0; k < inner; ++k) {
    if (rows == kStripRows)
      std::memcpy(to + k * kStripRows, a + k * stride, sizeof(float) * kStripRows);
    else
      std::copy_n(a + k * stride, rows, to + k * kStripRows);
  }
}

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
