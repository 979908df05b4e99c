#include "core/layers/linear.h"

#include "core/layers/products.h"
#include "core/layers/shapes.h"

namespace convoy {

LayerPlan Linear::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_channels(o_.name, inputs[0], o_.Cin);
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, with_channels(inputs[0].shape, o_.Cout)}};
  plan.parameters = {{o_.name + ".weight", {o_.Cin, o_.Cout}, Initialisation::normal(o_.stddev), true},
                     {o_.name + ".bias", {o_.Cout}, {}, false}};
  plan.backward_reads.inputs = {0};
  plan.forward_flops = 2.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.Cin * o_.Cout);
  return plan;
}

void Linear::forward(Pass& pass, const LayerTensors& t) const {
  linear_forward(pass, t.outputs[0], t.inputs[0], t.weights[0], t.weights[1]);
}

void Linear::backward(Pass& pass, const LayerTensors& t) const {
  linear_backward(pass, {t.input_gradients[0], t.weight_gradients[0], t.weight_gradients[1]}, t.inputs[0],
                  t.output_gradients[0], t.weights[0]);
}

}  // namespace convoy
