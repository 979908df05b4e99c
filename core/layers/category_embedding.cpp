#include "core/layers/category_embedding.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/ops/embedding.h"

namespace convoy {
namespace {

// As one row of all ids, and their vectors as (1, ids, C).
Tensor in_a_row(const Tensor& ids) { return ids.reshaped({1, ids.elements()}); }
Tensor vectors(const Tensor& y) { return y.reshaped({1, y.elements() / y.shape[-1], y.shape[-1]}); }

}  // namespace

LayerPlan CategoryEmbedding::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const TensorSpec& ids = inputs[0];
  if (ids.dtype != DType::i32 || ids.shape.dims() == Shape::kMaxDims)
    throw ConfigError(fmt::format(
        "layer {}: its input is {} {}, wanted categories: whole numbers (B, ...) of at most {} extents, as the field "
        "`categories` of an import with --categories integer has them",
        o_.name, name_of(ids.dtype), to_string(ids.shape), Shape::kMaxDims - 1));
  std::vector<int64_t> extents(ids.shape.begin(), ids.shape.end());
  extents.push_back(o_.C);
  LayerPlan plan;
  plan.outputs = {{o_.dtype, Shape(extents)}};
  plan.parameters = {{o_.name + ".weight", {o_.V, o_.C}, Initialisation::normal(o_.stddev), true}};
  plan.parameters[0].is_table = true;
  plan.backward_reads = {.inputs = {0}, .outputs = {}, .weights = false};
  return plan;
}

void CategoryEmbedding::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(EmbeddingForward{vectors(t.outputs[0]), in_a_row(t.inputs[0]), t.weights[0], {}, {}});
}

void CategoryEmbedding::backward(Pass& pass, const LayerTensors& t) const {
  if (!t.weight_gradients[0] || !t.output_gradients[0]) return;
  EmbeddingBackward args;
  args.dtoken_table = t.weight_gradients[0];
  args.dy = vectors(t.output_gradients[0]);
  args.tokens = in_a_row(t.inputs[0]);
  pass.run(args);
}

}  // namespace convoy
