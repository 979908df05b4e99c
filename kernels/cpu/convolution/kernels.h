// The inner loops of convolutions, compiled for AVX2 and for AVX-512. Both variants give the same bits. How kernels are
// written: simd/begin_avx2.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/integers.h"
#include "core/tensor/dtype.h"

namespace convoy::cpu {

inline constexpr int64_t kPanelLanes = 16;  // columns of a panel are a multiple of it
inline constexpr int kMostStripRows = 8;

// Rows of sums: over i in order
//   sums[m][n] = sum of rows[m][offsets[i]]     * panels[i][n]     as in a matrix product, or
//   sums[m][n] = sum of rows[m][offsets[i] + n] * panels[i][n]     channel by channel.
// Forward, rows are result pixels, i goes over taps and channels, and panels are weights. For the gradient of weights,
// rows are weights, i goes over pixels, and panels are the results' gradients.
struct TapStrip {
  std::array<const float*, kMostStripRows> rows{};
  int64_t row_count = 0;
  const int32_t* offsets = nullptr;
  int64_t inner = 0;
  const float* panels = nullptr;  // (inner, columns in multiples of 16), 64-byte aligned, cut as PanelSplit says
  int64_t columns = 0;

  // to[m][n] = relu(sums + old + bias), rounded.
  const float* old = nullptr;  // (rows, columns), or null; may be what is written
  int64_t old_stride = 0;
  std::array<void*, kMostStripRows> to{};
  DType dtype = DType::f32;    // of to and bias
  const void* bias = nullptr;  // (columns), or null
  bool relu = false;
};

struct ConvolutionKernels {
  int64_t strip_rows;     // at most, of a strip
  int64_t panel_vectors;  // at most, of 16 columns, of a panel
  void (*multiply)(const TapStrip& strip);
  void (*multiply_by_channel)(const TapStrip& strip);
};

// How columns are cut into panels, (inner, width) each and one behind the other: as evenly as whole vectors allow.
struct PanelSplit {
  int64_t vectors, panels;

  PanelSplit(int64_t columns, int64_t most_vectors)
      : vectors(ceil_div(columns, kPanelLanes)), panels(ceil_div(vectors, most_vectors)) {}
  int64_t first_vector(int64_t panel) const { return vectors * panel / panels; }
  int64_t first_column(int64_t panel) const { return kPanelLanes * first_vector(panel); }
  int64_t width(int64_t panel) const { return first_column(panel + 1) - first_column(panel); }
};

// Of the active instruction set, see cpu_isa.h.
const ConvolutionKernels& convolution_kernels();

namespace avx2 {
extern const ConvolutionKernels convolution_kernels;
}
namespace avx512 {
extern const ConvolutionKernels convolution_kernels;
}

}  // namespace convoy::cpu
