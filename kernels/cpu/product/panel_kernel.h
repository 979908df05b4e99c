// The inner loops of large f32 products: strips of a times panels of b, after Goto and van de Geijn, "Anatomy of
// high-performance matrix multiplication", ACM TOMS 34(3), 2008.
//
// A panel is 16 or 48 columns of a block of b, packed so that k runs in order. kStripRows rows of a meet it in
// registers: per k one vector load per 16 columns and one broadcast per row feed all multiply-adds, so that neither
// loads nor additions wait. A block of b stays in the second-level cache while all strips pass it; the strip stays in
// the first. Rows of a are read where they are. The first strip packs the panels, and the first panel a transposed
// strip, while they multiply: the stores fit beside the multiply-adds. Meanwhile what comes next is requested from
// memory.
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
// Rows of b that lie between the one that is packed and the one that is requested: about the time that memory needs.
inline constexpr int64_t kPackingAhead = 24;

// b (inner, columns), rows `stride` apart.
inline void pack_rows(float* to, const float* b, int64_t stride, int64_t inner, int64_t columns) {
  for (int64_t k = 0; k < inner; ++k)
    for_vectors(columns, [&](int64_t i, auto lanes) {
      store(to, load(b + k * stride + i, lanes));
      to += kLanes;
    });
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
inline void pack_columns(float* to, const float* b, int64_t stride, int64_t inner, int64_t columns) {
  const int64_t vectors = ceil_div<int64_t>(columns, kLanes);
  for (int64_t n = 0; n < columns; n += kLanes, to += kLanes) {
    const float* from = b + n * stride;
    if (n + kLanes <= columns) {
      pack_sixteen(to, from, stride, inner, vectors);
      continue;
    }
    for (int64_t k = 0; k < inner; ++k)
      for (int64_t lane = 0; lane < kLanes; ++lane)
        to[k * vectors * kLanes + lane] = n + lane < columns ? from[lane * stride + k] : 0.0f;
  }
}

// a (inner, rows), rows `stride` apart.
inline void pack_strip(float* to, const float* a, int64_t stride, int64_t inner, int64_t rows) {
  for (int64_t k = 0; k < inner; ++k) std::copy_n(a + k * stride, rows, to + k * kStripRows);
}

// sums (16 V) += the sum over k of each column of a packed panel. One sum alone would wait for itself. Not inline, for
// the loops that multiply would no longer be.
template <int V>
[[gnu::noinline]] void add_panel_sums(float* sums, const float* panel, int64_t inner, int last) {
  constexpr int kAtOnce = 4;
  F32x16 partial[kAtOnce][V];
#pragma GCC unroll 4
  for (int i = 0; i < kAtOnce; ++i)
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) partial[i][n] = broadcast(0.0f);
  int64_t k = 0;
  for (; k + kAtOnce <= inner; k += kAtOnce)
#pragma GCC unroll 4
    for (int i = 0; i < kAtOnce; ++i)
#pragma GCC unroll 4
      for (int n = 0; n < V; ++n) partial[i][n] = partial[i][n] + load(panel + ((k + i) * V + n) * kLanes);
  for (; k < inner; ++k)
    for (int n = 0; n < V; ++n) partial[0][n] = partial[0][n] + load(panel + (k * V + n) * kLanes);
#pragma GCC unroll 4
  for (int n = 0; n < V; ++n) {
    const F32x16 sum = (partial[0][n] + partial[1][n]) + (partial[2][n] + partial[3][n]);
    float* to = sums + n * kLanes;
    if (n < V - 1 || last == kLanes)
      store(to, load(to) + sum);
    else
      store_first(to, load_first(to, last) + sum, last);
  }
}

// Where the loop finds the rows of a at k.
enum class StripSource {
  rows,     // a[m * stride + k]
  packed,   // packed[k * kStripRows + m]
  columns,  // a[k * stride + m], packed on the way
};

// And the columns of b.
enum class PanelSource {
  packed,
  rows,  // b[k * stride + n], packed on the way
};

// R rows of c (R, 16 V) from R rows of a and a panel of V vectors, whose columns begin at b. last: how many columns of
// the last vector exist.
template <int R, int V, StripSource kStrip, PanelSource kPanel>
inline void strip_times_panel(const PanelStrip& strip, float* panel, const float* b, float* c, int last,
                              Requests& requests) {
  // Copies, for the compiler must assume that what is packed changes the strip.
  const float* const a = strip.a;
  float* const packed_a = strip.packed_a;
  const int64_t a_stride = strip.a_stride, b_stride = strip.b_stride, inner = strip.inner;
  F32x16 sums[R][V];
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) sums[m][n] = broadcast(0.0f);
  const auto step = [&](int64_t k) __attribute__((always_inline)) {
    F32x16 row[V];
#pragma GCC unroll 4
    for (int n = 0; n < V; ++n) {
      float* packed = panel + (k * V + n) * kLanes;
      if constexpr (kPanel == PanelSource::packed) {
        row[n] = load(packed);
      } else {
        const float* from = b + k * b_stride + n * kLanes;
        __builtin_prefetch(from + kPackingAhead * b_stride);
        row[n] = load(from);
        store(packed, row[n]);
      }
    }
    const float* column = kStrip == StripSource::columns ? a + k * a_stride : packed_a + k * kStripRows;
    if constexpr (kStrip == StripSource::columns) std::memcpy(packed_a + k * kStripRows, column, sizeof(float) * R);
#pragma GCC unroll 8
    for (int m = 0; m < R; ++m) {
      const F32x16 factor = broadcast(kStrip == StripSource::rows ? a[m * a_stride + k] : column[m]);
#pragma GCC unroll 4
      for (int n = 0; n < V; ++n) sums[m][n] = fma(factor, row[n], sums[m][n]);
    }
  };
  int64_t k = 0;
  for (; k + kStepsPerPanelRequest <= inner; k += kStepsPerPanelRequest) {
    requests.send_one();
#pragma GCC unroll 4
    for (int64_t i = 0; i < kStepsPerPanelRequest; ++i) step(k + i);
  }
  for (; k < inner; ++k) step(k);
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

// Only whole strips and panels are packed on the way: what is left at an edge is packed before.
template <int R, int V>
inline void strip_times_panel(const PanelStrip& strip, int64_t n, int last, Requests& requests) {
  const int64_t columns = (V - 1) * kLanes + last;
  float *panel = strip.panels + n * strip.inner, *c = strip.c + n;
  const float* b = strip.b;
  const auto run = [&]<StripSource kStrip>() {
    if constexpr (R == kStripRows) {
      if (b != nullptr && !strip.b_transposed && last == kLanes)
        return strip_times_panel<R, V, kStrip, PanelSource::rows>(strip, panel, b + n, c, last, requests);
    }
    if (b != nullptr && strip.b_transposed)
      pack_columns(panel, b + n * strip.b_stride, strip.b_stride, strip.inner, columns);
    else if (b != nullptr)
      pack_rows(panel, b + n, strip.b_stride, strip.inner, columns);
    strip_times_panel<R, V, kStrip, PanelSource::packed>(strip, panel, nullptr, c, last, requests);
  };
  if (!strip.a_transposed)
    run.template operator()<StripSource::rows>();
  else if (R < kStripRows || n > 0)
    run.template operator()<StripSource::packed>();
  else if constexpr (R == kStripRows)
    run.template operator()<StripSource::columns>();
  if (strip.column_sums != nullptr) add_panel_sums<V>(strip.column_sums + n, panel, strip.inner, last);
}

// The last panel may be narrower: no more vectors than its columns need.
template <int R>
void multiply_rows(const PanelStrip& strip) {
  Requests requests;
  for (const PanelStrip::Region& region : strip.next)
    requests.add(region.first, region.stride, region.rows, region.elements, region.access);
  if (strip.a_transposed && R < kStripRows)
    pack_strip(strip.packed_a, strip.a, strip.a_stride, strip.inner, strip.rows);
  for (int64_t n = 0; n < strip.columns; n += kPanelColumns) {
    const int64_t columns = std::min(kPanelColumns, strip.columns - n);
    const int64_t vectors = ceil_div<int64_t>(columns, kLanes);
    const int last = static_cast<int>(columns - (vectors - 1) * kLanes);
    if constexpr (kPanelVectors > 2) {
      if (vectors == 3) {
        strip_times_panel<R, 3>(strip, n, last, requests);
        continue;
      }
      if (vectors == 2) {
        strip_times_panel<R, 2>(strip, n, last, requests);
        continue;
      }
    }
    strip_times_panel<R, 1>(strip, n, last, requests);
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

}  // namespace
}  // namespace convoy::cpu::CONVOY_ISA
