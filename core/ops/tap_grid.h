// A convolution as sums over taps: every result pixel is a sum, over the taps of a kernel, of pixels of a source.
// Forward is one such grid. The gradient of the input is one for each position of a pixel between two steps of a
// stride: the pixels of one position meet the same part of the kernel.
#pragma once

#include <cstdint>

#include "core/ops/convolution.h"

namespace convoy {

// One direction of it: rows or columns.
struct TapAxis {
  int64_t results = 0;                        // pixels that are computed
  int64_t first_result = 0, result_step = 1;  // where they lie
  int64_t sources = 0;                        // extent of the source
  int64_t first = 0, step = 1;    // place in the source of the first tap of the first result; from result to result
  int64_t taps = 1, spacing = 1;  // spacing: in the source
  int64_t first_kernel = 0, kernel_step = 1;  // place in the kernel of the first tap, and from tap to tap

  // Sources from the first tap of the first of `count` results to the last tap of the last.
  int64_t reach(int64_t count) const { return (count - 1) * step + (taps - 1) * spacing + 1; }
  bool is_inside() const { return taps > 0 && first >= 0 && first + reach(results) <= sources; }
};

struct TapGrid {
  int64_t B = 0;
  TapAxis rows, columns;

  int64_t taps() const { return rows.taps * columns.taps; }
  bool is_empty() const { return B * rows.results * columns.results == 0; }
};

TapGrid forward_grid(const ConvolutionShape& shape);
// Of the pixels at rows `row` + n stride_h, columns `column` + n stride_w of the input. May have no taps.
TapGrid input_gradient_grid(const ConvolutionShape& shape, int64_t row, int64_t column);

}  // namespace convoy
