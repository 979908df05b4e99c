#include "core/layers/activation.h"

namespace convoy {

LayerPlan Activate::plan(std::span<const TensorSpec> inputs, Purpose) const {
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.backward_reads.weights = false;
  (derivative_from_output(kind_) ? plan.backward_reads.outputs : plan.backward_reads.inputs) = {0};
  plan.shares = {{Share::Kind::gradient_over, 0, 0}};
  return plan;
}

void Activate::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(ActivationForward{t.outputs[0], t.inputs[0], kind_, number_});
}

void Activate::backward(Pass& pass, const LayerTensors& t) const {
  if (!t.input_gradients[0]) return;
  const Tensor& at = derivative_from_output(kind_) ? t.outputs[0] : t.inputs[0];
  pass.run(ActivationBackward{t.input_gradients[0], t.output_gradients[0], at, kind_, number_});
}

}  // namespace convoy
