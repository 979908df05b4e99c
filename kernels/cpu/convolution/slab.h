// The sources of a chunk of pixels as f32, with the zeros around the picture, so that every tap of a pixel lies at one
// distance from it. Where the picture is f32 and nothing lies outside of it, it is read where it is.
#pragma once

#include <cstdint>

#include "core/ops/tap_grid.h"
#include "core/tensor/tensor.h"
#include "kernels/cpu/convolution/chunks.h"

namespace convoy::cpu {

class Slab {
 public:
  // channels: of the pictures that are wanted. source: (B, rows, columns, all channels).
  Slab(const TapGrid& grid, const Tensor& source, int64_t channels);

  // What is needed for the chunks: floats, and places of rows.
  int64_t floats(const PixelChunks& chunks) const;

  // Fetches the sources of a chunk, from a channel on, into `memory`. bases: one for each row of the chunk.
  void fetch(const PixelChunk& chunk, int64_t first_channel, int64_t channels, float* memory, int64_t* bases);

  // Of the chunk that was fetched: the first tap of a pixel, and how far another tap is from it.
  const float* pixel(int64_t row, int64_t column) const { return first_ + pixel_offset(row, column); }
  const float* first() const { return first_; }
  int64_t pixel_offset(int64_t row, int64_t column) const { return bases_[row] + column * pixel_step(); }
  int64_t pixel_step() const { return grid_.columns.step * column_stride_; }
  int64_t tap_offset(int64_t row_tap, int64_t column_tap) const {
    return row_tap * grid_.rows.spacing * row_stride_ + column_tap * grid_.columns.spacing * column_stride_;
  }

 private:
  void point_into_source(const PixelChunk& chunk, int64_t first_channel);
  void copy_row(float* to, int64_t sample, int64_t row, int64_t first_column, int64_t columns, int64_t first_channel,
                int64_t channels) const;
  void copy_pixels(float* to, int64_t sample, int64_t row, int64_t column, int64_t count, int64_t first_channel,
                   int64_t channels) const;

  const TapGrid& grid_;
  const Tensor source_;
  const int64_t all_channels_, channels_;
  const bool in_place_;
  const float* first_ = nullptr;
  int64_t* bases_ = nullptr;
  int64_t row_stride_ = 0, column_stride_ = 0;
};

}  // namespace convoy::cpu
