#include "core/layers/image.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/ops/scale_bytes.h"

namespace convoy {

LayerPlan Image::plan(std::span<const TensorSpec> inputs, Purpose) const {
  if (inputs[0].dtype != DType::u8)
    throw ConfigError(
        fmt::format("layer {}: its input is {} {}, wanted u8, as imported pictures are; leave it out, or put normalize "
                    "in its place",
                    o_.name, name_of(inputs[0].dtype), to_string(inputs[0].shape)));
  LayerPlan plan;
  plan.outputs = {{o_.to, inputs[0].shape}};
  plan.backward_reads.weights = false;
  return plan;
}

void Image::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(ScaleBytes{t.outputs[0], t.inputs[0], o_.scale, o_.shift});
}

void Image::backward(Pass&, const LayerTensors&) const {}

}  // namespace convoy
