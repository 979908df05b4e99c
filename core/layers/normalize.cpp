#include "core/layers/normalize.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/ops/batch_norm.h"

namespace convoy {
namespace {

constexpr size_t kDataMean = 0, kDataDeviation = 1;  // parameters

}  // namespace

LayerPlan Normalize::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const TensorSpec& x = inputs[0];
  if (x.shape.dims() < 2 || (x.dtype != DType::f32 && x.dtype != DType::bf16 && x.dtype != DType::u8))
    throw ConfigError(fmt::format(
        "layer {}: normalize is of numbers (B, ..., C), its input is {} {}; put it first, on a field of such numbers",
        o_.name, name_of(x.dtype), to_string(x.shape)));
  LayerPlan plan;
  plan.outputs = {{o_.to, x.shape}};
  for (const auto& [what, values] : {std::pair(".mean", o_.mean), std::pair(".deviation", o_.deviation)})
    plan.parameters.push_back(
        {.name = o_.name + what, .shape = {x.shape[-1]}, .initialisation = values, .role = ParameterRole::constant});
  return plan;
}

void Normalize::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(ColumnNormalise{.y = t.outputs[0].matrix(),
                           .x = t.inputs[0].matrix(),
                           .mean = t.weights[kDataMean],
                           .spread = t.weights[kDataDeviation],
                           .kind = Spread::deviation});
}

// Not of the input's mean: dx = dy / deviation.
void Normalize::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dx = t.input_gradients[0];
  if (!dx) return;
  pass.run(ColumnNormalise{.y = dx.matrix(),
                           .x = t.output_gradients[0].matrix(),
                           .spread = t.weights[kDataDeviation],
                           .kind = Spread::deviation});
}

}  // namespace convoy
