// Pooling of pictures (B, H, W, C): each result is the largest or the mean of a window of its channel. Sequences are
// pictures of one row.
//
// The window of y[b, i, j] begins at row i stride_h - top and column j stride_w - left. What of it lies outside of the
// picture counts for nothing: it is never the largest, and means are of what lies inside. No window lies outside
// altogether.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct PoolShape {
  int64_t B = 0, H = 0, W = 0, C = 0;  // x
  int64_t Hout = 0, Wout = 0;          // y
  int64_t window_h = 1, window_w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t top = 0, left = 0;  // padding
  DType dtype = DType::f32;

  bool operator==(const PoolShape&) const = default;
  Shape of_x() const { return {B, H, W, C}; }
  Shape of_y() const { return {B, Hout, Wout, C}; }
  // Of MaxPool's places: small ones take a byte.
  DType place_dtype() const { return window_h * window_w <= 256 ? DType::u8 : DType::i32; }
};

// The largest of a window, of several the first one in memory; a NaN is larger than anything.
struct MaxPoolForward {
  PoolShape shape;
  Tensor y;       // (B, Hout, Wout, C), written
  Tensor places;  // (B, Hout, Wout, C) place_dtype(), written: row * window_w + column in the window; absent: not kept
  Tensor x;       // (B, H, W, C)
};
// dx is the sum of dy of the windows whose largest it was.
struct MaxPoolBackward {
  PoolShape shape;
  Tensor dx;  // (B, H, W, C), written
  Tensor dy, places;
};

struct AveragePoolForward {
  PoolShape shape;
  Tensor y;  // (B, Hout, Wout, C), written
  Tensor x;
};
struct AveragePoolBackward {
  PoolShape shape;
  Tensor dx;  // (B, H, W, C), written
  Tensor dy;
};

// Throws InternalError, naming what does not fit, unless shape and tensors do.
void check_pool(const PoolShape& shape, const Tensor& x, const Tensor& y);

}  // namespace convoy
