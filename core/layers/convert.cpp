#include "core/layers/convert.h"

#include "core/ops/reductions.h"

namespace convoy {

LayerPlan Convert::plan(std::span<const TensorSpec> inputs, Purpose) const {
  LayerPlan plan;
  plan.outputs = {{to_, inputs[0].shape}};
  plan.backward_reads.weights = false;
  return plan;
}

void Convert::forward(Pass& pass, const LayerTensors& t) const { pass.run(Cast{t.outputs[0], t.inputs[0]}); }

void Convert::backward(Pass& pass, const LayerTensors& t) const {
  if (t.input_gradients[0]) pass.run(Cast{t.input_gradients[0], t.output_gradients[0]});
}

}  // namespace convoy
