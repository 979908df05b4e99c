// A convolution on random pictures, with its forward, all gradients and what they are in f64.
#pragma once

#include <string>
#include <vector>

#include "core/ops/convolution.h"
#include "tests/kernels/support/array.h"

namespace convoy::test {

// Extents of y follow from the padding on all sides.
struct ConvolutionOptions {
  int64_t B = 2, H = 9, W = 8, Cin = 3, Cout = 5;
  int64_t kernel_h = 3, kernel_w = 3;
  int64_t stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1;
  int64_t top = 1, bottom = 1, left = 1, right = 1;
  int64_t groups = 1;
  DType dtype = DType::f32;
  bool bias = true, relu = false;
};
std::string to_string(const ConvolutionOptions& options);
ConvolutionShape shape_of(const ConvolutionOptions& options);

// Sizes that do not fill vectors, panels and tiles; each way that an operator treats apart.
std::vector<ConvolutionOptions> convolutions(DType dtype);

// In f64, one element at a time.
struct PlainConvolution {
  ConvolutionShape shape;

  Values forward(const Values& x, const Values& weight, const Values& bias) const;  // bias may be empty
  Values input_gradient(const Values& dy, const Values& weight) const;
  Values weight_gradient(const Values& x, const Values& dy) const;
  Values bias_gradient(const Values& dy) const;

 private:
  // body(position in x, in y, in the weight) for all products.
  template <class Body>
  void for_products(const Body& body) const;
};

struct ConvolutionCase {
  explicit ConvolutionCase(const ConvolutionOptions& options);

  ConvolutionForward forward() const {
    return {shape, y, x, weight, options.bias ? bias.tensor() : Tensor(), options.relu};
  }
  ConvolutionBackwardInput backward_input() const { return {shape, dx, dy, weight}; }
  ConvolutionBackwardWeight backward_weight() const { return {shape, dweight, dbias, x, dy}; }
  // Of everything that was written.
  Bits bits() const { return {y.bits(), dx.bits(), dweight.bits(), dbias.bits()}; }
  // tolerance: of what is rounded to the dtype; the gradients of weights are f32.
  void expect_right(double tolerance, double weight_tolerance = 2e-5) const;

  ConvolutionOptions options;
  ConvolutionShape shape;
  Array x, weight, bias, dy;
  Array y, dx, dweight, dbias;  // the first two full of NaN, the others of kOldGradient
  static constexpr double kOldGradient = 0.5;
};

}  // namespace convoy::test
