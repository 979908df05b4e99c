#include "core/layers/pooling.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {
namespace {}  // namespace

PictureExtents Pool::picture(const TensorSpec& x) const {
  if (o_.global && x.shape.dims() != 3 && x.shape.dims() != 4)
    throw ConfigError(
        fmt::format("layer {}: its input has shape {}; it takes pictures (batch, height, width, channels) or sequences "
                    "(batch, length, channels)",
                    o_.name, to_string(x.shape)));
  return picture_of(o_.name, x, o_.global ? x.shape.dims() == 3 : o_.is_sequence);
}

PoolShape Pool::shape_of(DType dtype, const PictureExtents& p) const {
  Window window = o_.window;
  if (o_.global) window = {.h = p.H, .w = p.W, .stride_h = p.H, .stride_w = p.W};
  if (p.is_sequence) window.h = window.stride_h = 1;
  const Padding& padding = window.padding;
  const bool outside =
      padding.kind == Padding::Kind::number && (padding.w >= window.w || (!p.is_sequence && padding.h >= window.h));
  if (outside)
    throw ConfigError(fmt::format(
        "layer {}: padding of {} and a window of {} would leave windows outside of the picture; pad by less than the "
        "window",
        o_.name, p.is_sequence ? fmt::format("{}", padding.w) : fmt::format("{} x {}", padding.h, padding.w),
        p.is_sequence ? fmt::format("{}", window.w) : fmt::format("{} x {}", window.h, window.w)));
  const WindowPlaces places = places_of(o_.name, p, window);
  return {.B = p.B,
          .H = p.H,
          .W = p.W,
          .C = p.C,
          .Hout = places.rows,
          .Wout = places.columns,
          .window_h = window.h,
          .window_w = window.w,
          .stride_h = window.stride_h,
          .stride_w = window.stride_w,
          .top = places.top,
          .left = places.left,
          .dtype = dtype};
}

LayerPlan Pool::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  const PictureExtents p = picture(inputs[0]);
  const PoolShape shape = shape_of(inputs[0].dtype, p);
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, o_.global ? Shape{p.B, p.C} : p.shape_with(shape.Hout, shape.Wout, p.C)}};
  if (o_.kind == PoolKind::max && purpose == Purpose::training) plan.saved = {{shape.place_dtype(), shape.of_y()}};
  plan.backward_reads.weights = false;
  return plan;
}

void Pool::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& x = t.inputs[0];
  const PoolShape s = shape_of(x.dtype, picture({x.dtype, x.shape}));
  if (o_.kind == PoolKind::max)
    pass.run(MaxPoolForward{s, t.outputs[0].reshaped(s.of_y()), t.saved.empty() ? Tensor() : t.saved[0],
                            x.reshaped(s.of_x())});
  else
    pass.run(AveragePoolForward{s, t.outputs[0].reshaped(s.of_y()), x.reshaped(s.of_x())});
}

void Pool::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dx = t.input_gradients[0];
  if (!dx) return;
  const PoolShape s = shape_of(dx.dtype, picture({dx.dtype, dx.shape}));
  const Tensor dy = t.output_gradients[0].reshaped(s.of_y());
  if (o_.kind == PoolKind::max)
    pass.run(MaxPoolBackward{s, dx.reshaped(s.of_x()), dy, t.saved[0]});
  else
    pass.run(AveragePoolBackward{s, dx.reshaped(s.of_x()), dy});
}

}  // namespace convoy
