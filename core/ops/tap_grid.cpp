#include "core/ops/tap_grid.h"

#include <algorithm>
#include <numeric>

#include "core/base/integers.h"

namespace convoy {
namespace {

// Input pixel i = row + n stride gets the gradient of result j through tap k where i + padding - k dilation = j stride.
// The taps for which that has a solution are as far apart as `kernel_step`; from the last to the first of them j grows.
TapAxis gradient_axis(int64_t row, int64_t extent, int64_t results, int64_t kernel, int64_t stride, int64_t dilation,
                      int64_t padding) {
  TapAxis axis{.results = std::max<int64_t>(0, ceil_div(extent - row, stride)),
               .first_result = row,
               .result_step = stride,
               .sources = results,
               .taps = 0};
  const int64_t divisor = std::gcd(stride, dilation), kernel_step = stride / divisor;
  int64_t tap = 0;
  while (tap < std::min(kernel, kernel_step) && (row + padding - tap * dilation) % stride != 0) ++tap;
  if (tap == std::min(kernel, kernel_step)) return axis;
  axis.taps = ceil_div(kernel - tap, kernel_step);
  axis.spacing = dilation / divisor;
  axis.first_kernel = tap + (axis.taps - 1) * kernel_step;
  axis.kernel_step = -kernel_step;
  axis.first = (row + padding - axis.first_kernel * dilation) / stride;
  return axis;
}

}  // namespace

TapGrid forward_grid(const ConvolutionShape& s) {
  return {s.B,
          {.results = s.Hout,
           .sources = s.H,
           .first = -s.top,
           .step = s.stride_h,
           .taps = s.kernel_h,
           .spacing = s.dilation_h},
          {.results = s.Wout,
           .sources = s.W,
           .first = -s.left,
           .step = s.stride_w,
           .taps = s.kernel_w,
           .spacing = s.dilation_w}};
}

TapGrid input_gradient_grid(const ConvolutionShape& s, int64_t row, int64_t column) {
  TapGrid grid{s.B, gradient_axis(row, s.H, s.Hout, s.kernel_h, s.stride_h, s.dilation_h, s.top),
               gradient_axis(column, s.W, s.Wout, s.kernel_w, s.stride_w, s.dilation_w, s.left)};
  if (grid.taps() == 0) grid.rows.taps = grid.columns.taps = 0;
  return grid;
}

}  // namespace convoy
