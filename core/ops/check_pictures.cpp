#include "core/ops/convolution.h"

#include <fmt/format.h>

#include <string_view>

#include "core/base/error.h"
#include "core/ops/pooling.h"

namespace convoy {
namespace {

[[noreturn]] void fail(std::string_view what, const Tensor& x, const Tensor& y, const std::string& problem) {
  throw InternalError(fmt::format("{} of {} {} to {} {}: {}", what, name_of(x.dtype), to_string(x.shape),
                                  name_of(y.dtype), to_string(y.shape), problem));
}

void check_pictures(std::string_view what, const Tensor& x, const Tensor& y, const Shape& x_shape, const Shape& y_shape,
                    DType dtype) {
  if (x.shape != x_shape || y.shape != y_shape)
    fail(what, x, y, fmt::format("its shape says {} to {}", to_string(x_shape), to_string(y_shape)));
  if (x.dtype != dtype || y.dtype != dtype || (dtype != DType::f32 && dtype != DType::bf16))
    fail(what, x, y, "both must be f32 or both bf16, as its shape says");
}

}  // namespace

void check_convolution(const ConvolutionShape& s, const Tensor& x, const Tensor& y, const Tensor& weight) {
  check_pictures("convolution", x, y, s.of_x(), s.of_y(), s.dtype);
  if (s.groups < 1 || s.Cin % s.groups != 0 || s.Cout % s.groups != 0)
    fail("convolution", x, y, fmt::format("{} groups divide not both numbers of channels", s.groups));
  if (s.kernel_h < 1 || s.kernel_w < 1 || s.stride_h < 1 || s.stride_w < 1 || s.dilation_h < 1 || s.dilation_w < 1)
    fail("convolution", x, y, "kernel, stride and dilation are at least 1");
  if (s.top < 0 || s.left < 0) fail("convolution", x, y, "padding is not negative");
  const int64_t weights = s.Cout * s.group_inputs() * s.kernel_h * s.kernel_w;
  if (weight && weight.elements() != weights)
    fail("convolution", x, y,
         fmt::format("weights of shape {} are not ({}, {}, {}, {})", to_string(weight.shape), s.Cout, s.group_inputs(),
                     s.kernel_h, s.kernel_w));
}

void check_pool(const PoolShape& s, const Tensor& x, const Tensor& y) {
  check_pictures("pooling", x, y, s.of_x(), s.of_y(), s.dtype);
  const auto inside = [](int64_t extent, int64_t results, int64_t window, int64_t stride, int64_t padding) {
    return window >= 1 && stride >= 1 && padding >= 0 && padding < window &&
           (results == 0 || (results - 1) * stride - padding < extent);
  };
  if (!inside(s.H, s.Hout, s.window_h, s.stride_h, s.top) || !inside(s.W, s.Wout, s.window_w, s.stride_w, s.left))
    fail("pooling", x, y,
         fmt::format("a window of {} x {} by steps of {} x {} lies outside of the picture", s.window_h, s.window_w,
                     s.stride_h, s.stride_w));
}

}  // namespace convoy
