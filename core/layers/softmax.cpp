#include "core/layers/softmax.h"

#include "core/ops/softmax.h"

namespace convoy {

LayerPlan Softmax::plan(std::span<const TensorSpec> inputs, Purpose) const {
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.backward_reads = {.inputs = {}, .outputs = {0}, .weights = false};
  plan.shares = {{Share::Kind::gradient_over, 0, 0}};
  return plan;
}

void Softmax::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(SoftmaxForward{t.outputs[0].matrix(), t.inputs[0].matrix()});
}

void Softmax::backward(Pass& pass, const LayerTensors& t) const {
  if (const Tensor& dx = t.input_gradients[0])
    pass.run(SoftmaxBackward{dx.matrix(), t.output_gradients[0].matrix(), t.outputs[0].matrix()});
}

}  // namespace convoy
