// A grid of taps (core/ops/tap_grid.h) as kernels see it, and what one knows of its convolution's channels.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "core/ops/tap_grid.h"

namespace convoy::cuda {

struct Taps {
  int rows, columns;  // of results
  int source_rows, source_columns;
  int first_row, row_step, first_column, column_step;  // place in the source of a result's first tap
  int row_taps, column_taps, row_spacing, column_spacing;
  int result_rows, result_columns;  // of the whole result, among which those of this grid lie
  int first_result_row, result_row_step, first_result_column, result_column_step;
  int pixels;  // of results, of all samples

  // result_rows, result_columns: extents of what is written.
  Taps(const TapGrid& grid, int64_t whole_rows, int64_t whole_columns);

  __host__ __device__ int taps() const { return row_taps * column_taps; }
  // Is there a source for a tap whose pixel would lie there?
  __device__ bool is_inside(int row, int column) const {
    return static_cast<unsigned>(row) < static_cast<unsigned>(source_rows) &&
           static_cast<unsigned>(column) < static_cast<unsigned>(source_columns);
  }
};

// Where the taps of a result pixel begin.
struct alignas(16) PixelPlace {
  int64_t sample;   // first pixel of its picture, in source pixels
  int row, column;  // may lie outside of the picture

  // A pixel that does not exist has no tap inside.
  __device__ PixelPlace(const Taps& taps, int pixel) : sample(0), row(-(1 << 30)), column(-(1 << 30)) {
    if (pixel >= taps.pixels) return;
    const int in_rows = pixel / taps.columns;
    sample = int64_t{in_rows / taps.rows} * taps.source_rows * taps.source_columns;
    row = taps.first_row + in_rows % taps.rows * taps.row_step;
    column = taps.first_column + pixel % taps.columns * taps.column_step;
  }
};

// Where a result pixel lies, counted in pixels; -1 if it does not exist.
__device__ inline int64_t result_place(const Taps& taps, int pixel) {
  if (pixel >= taps.pixels) return -1;
  const int in_rows = pixel / taps.columns;
  const int row = taps.first_result_row + in_rows % taps.rows * taps.result_row_step;
  const int column = taps.first_result_column + pixel % taps.columns * taps.result_column_step;
  return (int64_t{in_rows / taps.rows} * taps.result_rows + row) * taps.result_columns + column;
}

// A term of the sum over taps and channels.
struct Term {
  int row, column, channel;  // of its tap's pixel relative to the first tap's, and the channel in its group

  __device__ Term(const Taps& taps, int channels, int index) {
    const int tap = index / channels;
    channel = index - tap * channels;
    row = tap / taps.column_taps * taps.row_spacing;
    column = tap % taps.column_taps * taps.column_spacing;
    if (tap >= taps.taps()) row = column = 1 << 30;  // does not exist: lies nowhere
  }
};

// Where a source element lies, in elements; -1 if it is one of the zeros around the picture.
__device__ inline int64_t source_place(const Taps& taps, const PixelPlace& pixel, const Term& term, int all_channels,
                                       int first_channel) {
  const int row = pixel.row + term.row, column = pixel.column + term.column;
  if (!taps.is_inside(row, column)) return -1;
  return (pixel.sample + int64_t{row} * taps.source_columns + column) * all_channels + first_channel + term.channel;
}

}  // namespace convoy::cuda
