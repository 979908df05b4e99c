// The inner loops of a convolution: a strip of rows meets panels of columns in registers, as in a matrix product
// (product/panel_kernel.h), but the elements of a row lie wherever its offsets say. That is how neighbouring pixels
// share what they read: nothing is copied once for each tap, as in "im2col". After Dukhan, "The Indirect Convolution
// Algorithm", arXiv:1907.02129, with offsets in place of pointers.
//
// Each sum is over the taps in order, so both variants give the same bits.
#pragma once

namespace convoy::cpu::CONVOY_ISA {
namespace {

// As many sums as registers hold beside a panel's row and a factor.
inline constexpr int kTapStripRows = kMaxProductColumns == 1 ? 6 : 8;
inline constexpr int kTapPanelVectors = kMaxProductColumns == 1 ? 1 : 3;

template <class Real, class Lanes>
inline void finish_tap_vector(const TapStrip& strip, int m, int64_t n, F32x16 sum, Lanes lanes) {
  if (strip.old != nullptr) sum = load(strip.old + m * strip.old_stride + n, lanes) + sum;
  if (strip.bias != nullptr) sum = sum + load(static_cast<const Real*>(strip.bias) + n, lanes);
  if (strip.relu) sum = max(broadcast(0.0f), sum);  // in this order a NaN stays
  store(static_cast<Real*>(strip.to[static_cast<size_t>(m)]) + n, sum, lanes);
}

template <int R, int V, class Real>
inline void finish_taps(const TapStrip& strip, int64_t n, int last, const F32x16 (&sums)[R][V]) {
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) {
      if (v < V - 1 || last == kLanes)
        finish_tap_vector<Real>(strip, m, n + v * kLanes, sums[m][v], Full{});
      else
        finish_tap_vector<Real>(strip, m, n + v * kLanes, sums[m][v], Part{last});
    }
}

// R rows of sums of V vectors, whose columns begin at n. last: how many columns of the last vector exist.
template <bool kByChannel, int R, int V>
inline void taps_times_panel(const TapStrip& strip, const float* panel, int64_t n, int last) {
  const float* rows[R];
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m) rows[m] = strip.rows[static_cast<size_t>(m)] + (kByChannel ? n : 0);
  F32x16 sums[R][V];
#pragma GCC unroll 8
  for (int m = 0; m < R; ++m)
#pragma GCC unroll 4
    for (int v = 0; v < V; ++v) sums[m][v] = broadcast(0.0f);
  const int32_t* const offsets = strip.offsets;
  const int64_t inner = strip.inner;
  const auto run = [&](auto last_lanes) __attribute__((always_inline)) {
#pragma GCC unroll 2
    for (int64_t i = 0; i < inner; ++i) {
      const int64_t offset = offsets[i];
      F32x16 column[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) column[v] = load(panel + (i * V + v) * kLanes);
#pragma GCC unroll 8
      for (int m = 0; m < R; ++m) {
        if constexpr (kByChannel) {
#pragma GCC unroll 4
          for (int v = 0; v < V - 1; ++v) sums[m][v] = fma(load(rows[m] + offset + v * kLanes), column[v], sums[m][v]);
          sums[m][V - 1] = fma(load(rows[m] + offset + (V - 1) * kLanes, last_lanes), column[V - 1], sums[m][V - 1]);
        } else {
          const F32x16 factor = broadcast(rows[m][offset]);
#pragma GCC unroll 4
          for (int v = 0; v < V; ++v) sums[m][v] = fma(factor, column[v], sums[m][v]);
        }
      }
    }
  };
  if (!kByChannel || last == kLanes)
    run(Full{});
  else
    run(Part{last});
  if (strip.dtype == DType::bf16)
    finish_taps<R, V, bf16>(strip, n, last, sums);
  else
    finish_taps<R, V, float>(strip, n, last, sums);
}

template <bool kByChannel, int R>
void multiply_tap_rows(const TapStrip& strip) {
  const PanelSplit split(strip.columns, kTapPanelVectors);
  for (int64_t p = 0; p < split.panels; ++p) {
    const int64_t n = split.first_column(p), width = split.width(p);
    const int last = static_cast<int>(std::min<int64_t>(kLanes, strip.columns - n - width + kLanes));
    const float* panel = strip.panels + n * strip.inner;
    if constexpr (kTapPanelVectors > 2) {
      if (width == 3 * kLanes) {
        taps_times_panel<kByChannel, R, 3>(strip, panel, n, last);
        continue;
      }
      if (width == 2 * kLanes) {
        taps_times_panel<kByChannel, R, 2>(strip, panel, n, last);
        continue;
      }
    }
    taps_times_panel<kByChannel, R, 1>(strip, panel, n, last);
  }
}

template <bool kByChannel, int R>
void multiply_at_most_taps(const TapStrip& strip) {
  if constexpr (R > 1) {
    if (strip.row_count < R) return multiply_at_most_taps<kByChannel, R - 1>(strip);
  }
  multiply_tap_rows<kByChannel, R>(strip);
}

void multiply_taps(const TapStrip& strip) { multiply_at_most_taps<false, kTapStripRows>(strip); }
void multiply_taps_by_channel(const TapStrip& strip) { multiply_at_most_taps<true, kTapStripRows>(strip); }

}  // namespace

const ConvolutionKernels convolution_kernels = {kTapStripRows, kTapPanelVectors, multiply_taps,
                                                multiply_taps_by_channel};

}  // namespace convoy::cpu::CONVOY_ISA
