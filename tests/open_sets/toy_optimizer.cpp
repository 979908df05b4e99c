#include "tests/open_sets/toy_optimizer.h"

namespace convoy::test {

void SignOptimizer::update(Ops&, Stream& stream, const UpdateTensors& tensors) const {
  stream.run([tensors] {
    const float lr = tensors.numbers.as<float>()[0];
    for (int64_t i = 0; i < tensors.weights.elements(); ++i) {
      const float gradient = tensors.gradient.as<float>()[i];
      tensors.weights.as<float>()[i] -= gradient > 0 ? lr : gradient < 0 ? -lr : 0;
      tensors.states[0].as<float>()[i] += 1;
    }
  });
}

}  // namespace convoy::test
