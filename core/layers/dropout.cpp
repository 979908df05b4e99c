#include "core/layers/dropout.h"

#include "core/layers/shapes.h"
#include "core/ops/dropout.h"

namespace convoy {

LayerPlan DropoutLayer::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.backward_reads.weights = false;
  plan.shares = {{Share::Kind::gradient_over, 0, 0}};
  if (p_ == 0 || purpose != Purpose::training) plan.shares.push_back({Share::Kind::output_is_input, 0, 0});
  return plan;
}

void DropoutLayer::apply(Pass& pass, const Tensor& y, const Tensor& x) const {
  const int64_t rows = x.elements() / x.shape[-1];
  const Dropout mask = pass.dropout(p_, number_, rows / x.shape[0]);
  if (mask.p > 0)
    pass.run(DropoutApply{y.matrix(), x.matrix(), mask});
  else
    copy_unless_same(pass, y, x);
}

void DropoutLayer::forward(Pass& pass, const LayerTensors& t) const { apply(pass, t.outputs[0], t.inputs[0]); }

void DropoutLayer::backward(Pass& pass, const LayerTensors& t) const {
  if (t.input_gradients[0]) apply(pass, t.input_gradients[0], t.output_gradients[0]);
}

}  // namespace convoy
