#include "core/layers/reshape.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/shapes.h"

namespace convoy {

Shape Reshape::shape_of(const Shape& x) const {
  const int64_t elements = x.elements() / x[0];
  std::vector<int64_t> extents{x[0]};
  int64_t given = 1, left = 0;  // left: which extent is -1
  for (const int64_t extent : shape_) {
    if (extent < 0) left = static_cast<int64_t>(extents.size());
    extents.push_back(extent);
    given *= extent < 0 ? 1 : extent;
  }
  if (left > 0 && elements % given == 0) extents[static_cast<size_t>(left)] = elements / given;
  const bool fits = left > 0 ? elements % given == 0 : elements == given;
  if (!fits)
    throw ConfigError(fmt::format("layer {}: its input is {} a sample, {} elements, which do not fit the shape {}; {}",
                                  name_, to_string(sample_of(x)), elements, to_string(Shape(shape_)),
                                  left > 0 ? fmt::format("{} is no multiple of {}", elements, given)
                                           : fmt::format("that has {}; one extent may be -1", given)));
  return Shape(extents);
}

LayerPlan Reshape::plan(std::span<const TensorSpec> inputs, Purpose) const {
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, shape_of(inputs[0].shape)}};
  plan.backward_reads.weights = false;
  plan.shares = {{Share::Kind::output_is_input, 0, 0}, {Share::Kind::gradient_over, 0, 0}};
  return plan;
}

void Reshape::forward(Pass& pass, const LayerTensors& t) const { copy_unless_same(pass, t.outputs[0], t.inputs[0]); }

void Reshape::backward(Pass& pass, const LayerTensors& t) const {
  if (t.input_gradients[0]) copy_unless_same(pass, t.input_gradients[0], t.output_gradients[0]);
}

}  // namespace convoy
