#include "tests/kernels/convolution_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace convoy::test {

std::string to_string(const ConvolutionOptions& o) {
  return fmt::format(
      "{} x {} x {} x {} to {} channels, kernel {} x {}, stride {} x {}, dilation {} x {}, padding {} {} {} "
      "{}, {} groups, {}{}{}",
      o.B, o.H, o.W, o.Cin, o.Cout, o.kernel_h, o.kernel_w, o.stride_h, o.stride_w, o.dilation_h, o.dilation_w, o.top,
      o.bottom, o.left, o.right, o.groups, name_of(o.dtype), o.bias ? ", bias" : "", o.relu ? ", relu" : "");
}

ConvolutionShape shape_of(const ConvolutionOptions& o) {
  const auto results = [](int64_t extent, int64_t kernel, int64_t stride, int64_t dilation) {
    return (extent - (kernel - 1) * dilation - 1) / stride + 1;
  };
  return {.B = o.B,
          .H = o.H,
          .W = o.W,
          .Cin = o.Cin,
          .Hout = results(o.H + o.top + o.bottom, o.kernel_h, o.stride_h, o.dilation_h),
          .Wout = results(o.W + o.left + o.right, o.kernel_w, o.stride_w, o.dilation_w),
          .Cout = o.Cout,
          .kernel_h = o.kernel_h,
          .kernel_w = o.kernel_w,
          .stride_h = o.stride_h,
          .stride_w = o.stride_w,
          .dilation_h = o.dilation_h,
          .dilation_w = o.dilation_w,
          .top = o.top,
          .left = o.left,
          .groups = o.groups,
          .dtype = o.dtype};
}

std::vector<ConvolutionOptions> convolutions(DType dtype) {
  std::vector<ConvolutionOptions> all{
      {},
      {.Cin = 1, .Cout = 32, .relu = true},
      {.B = 3, .H = 7, .W = 7, .Cin = 16, .Cout = 24, .relu = true},
      {.H = 5, .W = 11, .Cin = 8, .Cout = 40, .bias = false},
      {.H = 12,
       .W = 9,
       .Cin = 64,
       .Cout = 33,
       .kernel_h = 1,
       .kernel_w = 1,
       .top = 0,
       .bottom = 0,
       .left = 0,
       .right = 0},
      {.H = 10, .W = 11, .Cin = 6, .Cout = 17, .stride_h = 2, .stride_w = 3},
      {.H = 9, .W = 9, .Cin = 16, .Cout = 16, .stride_h = 2, .stride_w = 2, .top = 0, .left = 0},
      {.H = 8,
       .W = 8,
       .Cin = 8,
       .Cout = 8,
       .kernel_h = 1,
       .kernel_w = 1,
       .stride_h = 2,
       .stride_w = 2,
       .top = 0,
       .bottom = 0,
       .left = 0,
       .right = 0},
      {.H = 13,
       .W = 12,
       .Cin = 8,
       .Cout = 16,
       .dilation_h = 2,
       .dilation_w = 3,
       .top = 2,
       .bottom = 2,
       .left = 3,
       .right = 3},
      {.H = 12,
       .W = 13,
       .Cin = 8,
       .Cout = 16,
       .kernel_h = 4,
       .kernel_w = 5,
       .stride_h = 2,
       .stride_w = 4,
       .dilation_h = 2,
       .dilation_w = 2,
       .top = 3,
       .bottom = 1,
       .left = 0,
       .right = 2},
      {.B = 1, .H = 6, .W = 6, .Cin = 12, .Cout = 18, .groups = 3},
      {.B = 1, .H = 6, .W = 6, .Cin = 32, .Cout = 48, .groups = 2},
      {.H = 7, .W = 6, .Cin = 19, .Cout = 19, .groups = 19, .relu = true},
      {.H = 9, .W = 8, .Cin = 72, .Cout = 72, .stride_h = 2, .stride_w = 2, .groups = 72},
      {.H = 7, .W = 6, .Cin = 4, .Cout = 12, .groups = 4},
      {.B = 2,
       .H = 1,
       .W = 50,
       .Cin = 5,
       .Cout = 7,
       .kernel_h = 1,
       .kernel_w = 7,
       .dilation_w = 4,
       .top = 0,
       .bottom = 0,
       .left = 24,
       .right = 0},
      {.B = 1,
       .H = 1,
       .W = 700,
       .Cin = 3,
       .Cout = 4,
       .kernel_h = 1,
       .kernel_w = 5,
       .stride_w = 2,
       .top = 0,
       .bottom = 0,
       .left = 2,
       .right = 2},
      {.B = 1, .H = 4, .W = 4, .Cin = 200, .Cout = 160, .kernel_h = 3, .kernel_w = 3},
      {.B = 2,
       .H = 3,
       .W = 3,
       .Cin = 4,
       .Cout = 5,
       .kernel_h = 2,
       .kernel_w = 2,
       .stride_h = 4,
       .stride_w = 4,
       .top = 0,
       .bottom = 1,
       .left = 0,
       .right = 1},
      {.B = 70, .H = 1, .W = 1, .Cin = 3, .Cout = 2},
  };
  for (ConvolutionOptions& o : all) o.dtype = dtype;
  return all;
}

template <class Body>
void PlainConvolution::for_products(const Body& body) const {
  const ConvolutionShape& s = shape;
  const int64_t inputs = s.group_inputs(), outputs = s.group_outputs();
  for (int64_t b = 0; b < s.B; ++b)
    for (int64_t i = 0; i < s.Hout; ++i)
      for (int64_t j = 0; j < s.Wout; ++j)
        for (int64_t p = 0; p < s.kernel_h; ++p)
          for (int64_t q = 0; q < s.kernel_w; ++q) {
            const int64_t h = i * s.stride_h + p * s.dilation_h - s.top, w = j * s.stride_w + q * s.dilation_w - s.left;
            if (h < 0 || h >= s.H || w < 0 || w >= s.W) continue;
            for (int64_t o = 0; o < s.Cout; ++o)
              for (int64_t c = 0; c < inputs; ++c)
                body(static_cast<size_t>(((b * s.H + h) * s.W + w) * s.Cin + o / outputs * inputs + c),
                     static_cast<size_t>(((b * s.Hout + i) * s.Wout + j) * s.Cout + o),
                     static_cast<size_t>(((o * inputs + c) * s.kernel_h + p) * s.kernel_w + q));
          }
}

Values PlainConvolution::forward(const Values& x, const Values& weight, const Values& bias) const {
  const auto channels = static_cast<size_t>(shape.Cout);
  Values y(static_cast<size_t>(shape.B * shape.Hout * shape.Wout) * channels);
  for (size_t i = 0; i < y.size() && !bias.empty(); ++i) y[i] = bias[i % channels];
  for_products([&](size_t in, size_t out, size_t w) { y[out] += x[in] * weight[w]; });
  return y;
}

Values PlainConvolution::input_gradient(const Values& dy, const Values& weight) const {
  Values dx(static_cast<size_t>(shape.B * shape.H * shape.W * shape.Cin));
  for_products([&](size_t in, size_t out, size_t w) { dx[in] += dy[out] * weight[w]; });
  return dx;
}

Values PlainConvolution::weight_gradient(const Values& x, const Values& dy) const {
  Values dweight(static_cast<size_t>(shape.Cout * shape.group_inputs() * shape.kernel_h * shape.kernel_w));
  for_products([&](size_t in, size_t out, size_t w) { dweight[w] += x[in] * dy[out]; });
  return dweight;
}

Values PlainConvolution::bias_gradient(const Values& dy) const {
  Values dbias(static_cast<size_t>(shape.Cout));
  for (size_t i = 0; i < dy.size(); ++i) dbias[i % dbias.size()] += dy[i];
  return dbias;
}

namespace {

Array nan_array(const Shape& shape, DType dtype) {
  return Array::filled(shape, dtype, std::numeric_limits<double>::quiet_NaN());
}

Values plus(Values values, double old) {
  for (double& value : values) value += old;
  return values;
}

}  // namespace

ConvolutionCase::ConvolutionCase(const ConvolutionOptions& o) : options(o), shape(shape_of(o)) {
  const Shape input{o.B, o.H, o.W, o.Cin}, output{o.B, shape.Hout, shape.Wout, o.Cout};
  const Shape kernel{o.Cout, shape.group_inputs(), o.kernel_h, o.kernel_w};
  x = random_array(input, o.dtype, 1);
  weight = random_array(kernel, o.dtype, 2);
  bias = random_array({o.Cout}, o.dtype, 3);
  dy = random_array(output, o.dtype, 4);
  y = nan_array(output, o.dtype);
  dx = nan_array(input, o.dtype);
  dweight = Array::filled(kernel, DType::f32, kOldGradient);
  dbias = Array::filled({o.Cout}, DType::f32, kOldGradient);
}

void ConvolutionCase::expect_right(double tolerance, double weight_tolerance) const {
  const PlainConvolution plain{shape};
  Values wanted = plain.forward(x.values(), weight.values(), options.bias ? bias.values() : Values());
  for (double& value : wanted)
    if (options.relu) value = std::max(value, 0.0);
  expect_near(y.values(), wanted, tolerance, "y");
  expect_near(dx.values(), plain.input_gradient(dy.values(), weight.values()), tolerance, "dx");
  expect_near(dweight.values(), plus(plain.weight_gradient(x.values(), dy.values()), kOldGradient), weight_tolerance,
              "dweight");
  expect_near(dbias.values(), plus(plain.bias_gradient(dy.values()), kOldGradient), weight_tolerance, "dbias");
}

}  // namespace convoy::test
