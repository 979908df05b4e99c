#include "core/layers/linear.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/products.h"
#include "core/layers/shapes.h"

namespace convoy {

LayerPlan Linear::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  expect_channels(o_.name, inputs[0], o_.Cin);
  if (o_.by_outputs && o_.activation != Activation::none)
    throw InternalError(fmt::format("layer {}: a weight by outputs has no activation in its product", o_.name));
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, with_channels(inputs[0].shape, o_.Cout)}};
  const Shape weight = o_.by_outputs ? Shape{o_.Cout, o_.Cin} : Shape{o_.Cin, o_.Cout};
  plan.parameters = {{o_.name + ".weight", weight, Initialisation::normal(o_.stddev), true}};
  if (o_.has_bias) plan.parameters.push_back({o_.name + ".bias", {o_.Cout}, {}, false});
  plan.backward_reads.inputs = {0};
  if (o_.activation != Activation::none) {
    plan.shares = {{Share::Kind::gradient_is_scratch, 0}};
    if (!keeps_sum()) plan.backward_reads.outputs = {0};
    if (keeps_sum() && purpose == Purpose::training) plan.saved = plan.outputs;
  }
  plan.forward_flops = 2.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.Cin * o_.Cout);
  adapter_.plan(plan, rows_of(inputs[0]));
  return plan;
}

std::vector<LinearMap> Linear::linear_maps() const { return {{o_.name + ".weight", o_.Cin, o_.Cout, o_.by_outputs}}; }

void Linear::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor bias = o_.has_bias ? t.weights[1] : Tensor();
  const Tensor &x = t.inputs[0], &y = t.outputs[0], kept = t.saved.empty() ? Tensor() : t.saved[0];
  if (o_.by_outputs)
    outputs_forward(pass, y, x, t.weights[0], bias);
  else if (!adapter_)
    linear_forward(pass, y, x, t.weights[0], bias, o_.activation, kept);
  else
    linear_forward(pass, kept ? kept : y, x, t.weights[0], bias);
  if (!adapter_) return;
  adapter_.forward(pass, t, kept ? kept : y, x);
  if (o_.activation != Activation::none)
    pass.run(ActivationForward{y, kept ? kept : y, o_.activation, default_number(o_.activation)});
}

void Linear::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dy = t.output_gradients[0];
  if (o_.activation != Activation::none)
    pass.run(ActivationBackward{dy, dy, keeps_sum() ? t.saved[0] : t.outputs[0], o_.activation,
                                default_number(o_.activation)});
  const LinearGradients gradients{t.input_gradients[0], t.weight_gradients[0],
                                  o_.has_bias ? t.weight_gradients[1] : Tensor()};
  if (o_.by_outputs)
    outputs_backward(pass, gradients, t.inputs[0], dy, t.weights[0]);
  else
    linear_backward(pass, gradients, t.inputs[0], dy, t.weights[0]);
  adapter_.backward(pass, t, t.input_gradients[0], t.inputs[0], dy);
}

}  // namespace convoy
