#include "tests/open_sets/toy_layer.h"

namespace convoy::test {

void add_toy_operator(Ops& ops) {
  ops.add<ToyCube>([](Stream& stream, const ToyCube& args) {
    stream.run([args] {
      for (int64_t i = 0; i < args.x.elements(); ++i) {
        const float x = args.x.as<float>()[i];
        args.y.as<float>()[i] = args.factor * (args.dy ? 3 * x * x * args.dy.as<float>()[i] : x * x * x);
      }
    });
  });
}

LayerPlan CubeLayer::plan(std::span<const TensorSpec> inputs, Purpose) const {
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.backward_reads = {.inputs = {0}, .outputs = {}, .weights = false};
  return plan;
}

void CubeLayer::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(ToyCube{t.outputs[0], t.inputs[0], {}, factor_});
}

void CubeLayer::backward(Pass& pass, const LayerTensors& t) const {
  if (t.input_gradients[0]) pass.run(ToyCube{t.input_gradients[0], t.inputs[0], t.output_gradients[0], factor_});
}

}  // namespace convoy::test
