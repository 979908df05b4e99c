// Convolution of pictures (B, H, W, C), as PyTorch's conv2d counts it: no flip of the kernel. Sequences are pictures of
// one row.
//
//   y[b, i, j, o] = bias[o] + sum over p, q, c of
//                   x[b, i stride_h + p dilation_h - top, j stride_w + q dilation_w - left, g Cin / groups + c]
//                   * weight[o, c, p, q]                                              g = o / (Cout / groups)
//
// x outside of the picture is zero. weight (Cout, Cin / groups, kernel_h, kernel_w), as PyTorch stores it.
// How much padding there is below and on the right follows from y's extents.
#pragma once

#include "core/tensor/tensor.h"

namespace convoy {

struct ConvolutionShape {
  int64_t B = 0, H = 0, W = 0, Cin = 0;  // x
  int64_t Hout = 0, Wout = 0, Cout = 0;  // y
  int64_t kernel_h = 1, kernel_w = 1;
  int64_t stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t top = 0, left = 0;  // padding
  int64_t groups = 1;         // divides Cin and Cout
  DType dtype = DType::f32;   // of x, y, weight and bias

  bool operator==(const ConvolutionShape&) const = default;
  Shape of_x() const { return {B, H, W, Cin}; }
  Shape of_y() const { return {B, Hout, Wout, Cout}; }
  int64_t group_inputs() const { return Cin / groups; }
  int64_t group_outputs() const { return Cout / groups; }
  bool is_depthwise() const { return groups == Cin && groups == Cout; }
  double flops() const {
    return 2.0 * static_cast<double>(B * Hout * Wout) * static_cast<double>(Cout * kernel_h * kernel_w) *
           static_cast<double>(group_inputs());
  }
};

struct ConvolutionForward {
  ConvolutionShape shape;
  Tensor y;  // (B, Hout, Wout, Cout), written
  Tensor x;  // (B, H, W, Cin)
  Tensor weight;
  Tensor bias;        // (Cout) or absent
  bool relu = false;  // y = max(0, y); a NaN stays
};

struct ConvolutionBackwardInput {
  ConvolutionShape shape;
  Tensor dx;  // (B, H, W, Cin), written
  Tensor dy;  // (B, Hout, Wout, Cout)
  Tensor weight;
};

// Sums over B, Hout and Wout in an order that follows from the shape alone.
struct ConvolutionBackwardWeight {
  ConvolutionShape shape;
  Tensor dweight;  // f32, +=
  Tensor dbias;    // (Cout) f32, +=; absent: not wanted
  Tensor x, dy;
};

// Throws InternalError, naming what does not fit, unless shape and tensors do. Absent tensors are not looked at.
void check_convolution(const ConvolutionShape& shape, const Tensor& x, const Tensor& y, const Tensor& weight);

}  // namespace convoy
