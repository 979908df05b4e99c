#include "core/layers/gated_mlp.h"

#include "core/layers/products.h"
#include "core/layers/shapes.h"
#include "core/ops/matmul.h"
#include "core/ops/swiglu.h"

namespace convoy {

LayerPlan GatedMlp::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  expect_channels(o_.name_in, inputs[0], o_.C);
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.parameters = {{o_.name_in + ".weight", {2 * o_.F, o_.C}, Initialisation::normal(o_.stddev_in), true},
                     {o_.name_out + ".weight", {o_.C, o_.F}, Initialisation::normal(o_.stddev_out), true}};
  if (purpose == Purpose::training)
    plan.saved = {{inputs[0].dtype, with_channels(inputs[0].shape, 2 * o_.F)}};  // gates and values
  plan.backward_reads.inputs = {0};
  plan.forward_flops = 6.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.C * o_.F);
  in_.plan(plan, rows_of(inputs[0]));
  out_.plan(plan, rows_of(inputs[0]));
  return plan;
}

std::vector<LinearMap> GatedMlp::linear_maps() const {
  return {{o_.name_in + ".weight", o_.C, 2 * o_.F, true}, {o_.name_out + ".weight", o_.F, o_.C, true}};
}

void GatedMlp::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor x = t.inputs[0].matrix();
  const int64_t N = x.shape[0];
  const Tensor gates = t.saved.empty() ? pass.scratch.take(x.dtype, {N, 2 * o_.F}) : t.saved[0].matrix();
  outputs_forward(pass, gates, x, t.weights[0]);
  in_.forward(pass, t, gates, x);
  if (pass.recompute) return;
  const Tensor hidden = pass.scratch.take(x.dtype, {N, o_.F});
  pass.run(SwiGluForward{hidden, gates});
  outputs_forward(pass, t.outputs[0], hidden, t.weights[1]);
  out_.forward(pass, t, t.outputs[0], hidden);
}

void GatedMlp::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor x = t.inputs[0].matrix(), gates = t.saved[0].matrix(), dy = t.output_gradients[0].matrix();
  const int64_t N = x.shape[0];
  const Tensor hidden = pass.scratch.take(x.dtype, {N, o_.F}), dgates = pass.scratch.take(x.dtype, {N, 2 * o_.F});
  const Tensor pulled = out_.pull_back(pass, t, dy);
  pass.run(Matmul{.c = hidden, .a = dy, .b = t.weights[1]});
  out_.add_input_gradient(pass, t, hidden, pulled);
  pass.run(SwiGluBackward{dgates, hidden, hidden, gates});
  if (t.weight_gradients[1])
    pass.run(Matmul{.c = t.weight_gradients[1], .a = dy, .b = hidden, .a_transposed = true, .accumulate = true});
  out_.add_weight_gradients(pass, t, hidden, dy, pulled);
  outputs_backward(pass, {t.input_gradients[0], t.weight_gradients[0], {}}, x, dgates, t.weights[0]);
  in_.backward(pass, t, t.input_gradients[0], x, dgates);
}

}  // namespace convoy
