#include "core/layers/mlp.h"

#include "core/layers/products.h"
#include "core/layers/shapes.h"

namespace convoy {

LayerPlan Mlp::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  expect_channels(o_.name_in, inputs[0], o_.C);
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.parameters = {{o_.name_in + ".weight", {o_.C, o_.F}, Initialisation::normal(o_.stddev_in), true},
                     {o_.name_in + ".bias", {o_.F}, {}, false},
                     {o_.name_out + ".weight", {o_.F, o_.C}, Initialisation::normal(o_.stddev_out), true},
                     {o_.name_out + ".bias", {o_.C}, {}, false}};
  const TensorSpec hidden{inputs[0].dtype, with_channels(inputs[0].shape, o_.F)};
  if (purpose == Purpose::training) plan.saved = {hidden, hidden};  // pre-activation, hidden
  plan.backward_reads.inputs = {0};
  plan.forward_flops = 4.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.C * o_.F);
  in_.plan(plan, rows_of(inputs[0]));
  out_.plan(plan, rows_of(inputs[0]));
  return plan;
}

std::vector<LinearMap> Mlp::linear_maps() const {
  return {{o_.name_in + ".weight", o_.C, o_.F}, {o_.name_out + ".weight", o_.F, o_.C}};
}

void Mlp::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& x = t.inputs[0];
  const bool keeps = !t.saved.empty();
  const Tensor pre_activation = keeps ? t.saved[0] : Tensor();
  const Tensor hidden = keeps ? t.saved[1] : pass.scratch.take(x.dtype, with_channels(x.shape, o_.F));
  if (in_) {
    const Tensor& sum = keeps ? pre_activation : hidden;
    linear_forward(pass, sum, x, t.weights[0], t.weights[1]);
    in_.forward(pass, t, sum, x);
    pass.run(ActivationForward{hidden, sum, o_.activation, default_number(o_.activation)});
  } else {
    linear_forward(pass, hidden, x, t.weights[0], t.weights[1], o_.activation, pre_activation);
  }
  if (pass.recompute) return;
  linear_forward(pass, t.outputs[0], hidden, t.weights[2], t.weights[3]);
  out_.forward(pass, t, t.outputs[0], hidden);
}

void Mlp::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor &pre_activation = t.saved[0], &hidden = t.saved[1], &dy = t.output_gradients[0];
  const Tensor dpre = pass.scratch.take(hidden.dtype, hidden.shape);
  const LinearGradients out_gradients{dpre, t.weight_gradients[2], t.weight_gradients[3]};
  if (out_) {
    const Tensor pulled = out_.pull_back(pass, t, dy);
    linear_backward(pass, out_gradients, hidden, dy, t.weights[2]);
    out_.add_input_gradient(pass, t, dpre, pulled);
    out_.add_weight_gradients(pass, t, hidden, dy, pulled);
    pass.run(ActivationBackward{dpre, dpre, derivative_from_output(o_.activation) ? hidden : pre_activation,
                                o_.activation, default_number(o_.activation)});
  } else {
    linear_backward(pass, out_gradients, hidden, dy, t.weights[2], o_.activation, pre_activation);
  }
  linear_backward(pass, {t.input_gradients[0], t.weight_gradients[0], t.weight_gradients[1]}, t.inputs[0], dpre,
                  t.weights[0]);
  in_.backward(pass, t, t.input_gradients[0], t.inputs[0], dpre);
}

}  // namespace convoy
