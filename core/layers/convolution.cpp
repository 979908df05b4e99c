#include "core/layers/convolution.h"

#include <fmt/format.h>

#include <numeric>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/activation.h"
#include "core/ops/reductions.h"

namespace convoy {
namespace {}  // namespace

ConvolutionShape Convolution::shape_of(const TensorSpec& x) const {
  const PictureExtents picture = picture_of(o_.name, x, o_.is_sequence);
  const WindowPlaces places = places_of(o_.name, picture, o_.window);
  const Window& w = o_.window;
  return {.B = picture.B,
          .H = picture.H,
          .W = picture.W,
          .Cin = picture.C,
          .Hout = places.rows,
          .Wout = places.columns,
          .Cout = o_.Cout,
          .kernel_h = w.h,
          .kernel_w = w.w,
          .stride_h = w.stride_h,
          .stride_w = w.stride_w,
          .dilation_h = w.dilation_h,
          .dilation_w = w.dilation_w,
          .top = places.top,
          .left = places.left,
          .groups = o_.groups,
          .dtype = x.dtype};
}

Shape Convolution::weight_shape() const {
  const int64_t inputs = o_.Cin / o_.groups;
  return o_.is_sequence ? Shape{o_.Cout, inputs, o_.window.w} : Shape{o_.Cout, inputs, o_.window.h, o_.window.w};
}

LayerPlan Convolution::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const PictureExtents picture = picture_of(o_.name, inputs[0], o_.is_sequence);
  expect_channels(o_.name, inputs[0], o_.Cin);
  if (o_.Cin % o_.groups != 0 || o_.Cout % o_.groups != 0)
    throw ConfigError(
        fmt::format("layer {}: {} groups of {} channels of {} to {} channels; the number of groups must "
                    "divide both, as {} does",
                    o_.name, o_.groups, o_.Cin, to_string(inputs[0].shape), o_.Cout, std::gcd(o_.Cin, o_.Cout)));
  const ConvolutionShape shape = shape_of(inputs[0]);
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, picture.shape_with(shape.Hout, shape.Wout, o_.Cout)}};
  plan.parameters = {{o_.name + ".weight", weight_shape(), Initialisation::normal(o_.stddev), true}};
  if (o_.has_bias) plan.parameters.push_back({o_.name + ".bias", {o_.Cout}, {}, false});
  plan.backward_reads.inputs = {0};
  if (o_.relu) {
    plan.backward_reads.outputs = {0};
    plan.shares = {{Share::Kind::gradient_is_scratch, 0}};
  }
  plan.forward_flops = shape.flops();
  return plan;
}

void Convolution::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& x = t.inputs[0];
  const ConvolutionShape s = shape_of({x.dtype, x.shape});
  pass.run(ConvolutionForward{s, t.outputs[0].reshaped(s.of_y()), x.reshaped(s.of_x()), t.weights[0],
                              o_.has_bias ? t.weights[1] : Tensor(), o_.relu});
}

void Convolution::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor &x = t.inputs[0], &dx = t.input_gradients[0], &dweight = t.weight_gradients[0];
  const Tensor dbias = o_.has_bias ? t.weight_gradients[1] : Tensor();
  if (!dx && !dweight && !dbias) return;
  const ConvolutionShape s = shape_of({x.dtype, x.shape});
  const Tensor dy = t.output_gradients[0].reshaped(s.of_y());
  if (o_.relu) pass.run(ActivationBackward{dy, dy, t.outputs[0].reshaped(s.of_y()), Activation::relu});
  if (dweight)
    pass.run(ConvolutionBackwardWeight{s, dweight, dbias, x.reshaped(s.of_x()), dy});
  else if (dbias)
    pass.run(ColumnSums{dbias, dy.matrix()});
  if (dx) pass.run(ConvolutionBackwardInput{s, dx.reshaped(s.of_x()), dy, t.weights[0]});
}

}  // namespace convoy
