#include "core/layers/embedding.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/ops/dropout.h"
#include "core/ops/embedding.h"

namespace convoy {

LayerPlan Embedding::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const int64_t T = inputs[0].shape[-1], B = inputs[0].shape.elements() / T;
  if (T > o_.context)
    throw ConfigError(
        fmt::format("sequences of {} tokens do not fit a context of {}; raise model.context", T, o_.context));
  LayerPlan plan;
  plan.outputs = {{o_.dtype, {B, T, o_.C}}};
  plan.parameters = {{o_.token_table, {o_.V, o_.C}, Initialisation::normal(o_.stddev), true}};
  if (!o_.position_table.empty())
    plan.parameters.push_back({o_.position_table, {o_.context, o_.C}, Initialisation::normal(o_.stddev), true});
  for (ParameterSpec& table : plan.parameters) table.is_table = true;
  plan.backward_reads = {.inputs = {0}, .outputs = {}, .weights = false};
  if (inputs.size() > 1) plan.backward_reads.inputs.push_back(1);
  if (o_.dropout > 0) plan.shares = {{Share::Kind::gradient_is_scratch, 0}};
  return plan;
}

static Tensor second_of(const std::vector<Tensor>& tensors) { return tensors.size() > 1 ? tensors[1] : Tensor(); }

void Embedding::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& x = t.outputs[0];
  pass.run(EmbeddingForward{x, t.inputs[0], t.weights[0], second_of(t.weights), pass.position, second_of(t.inputs)});
  const Dropout dropout = pass.dropout(o_.dropout, o_.dropout_number, x.shape[1]);
  if (dropout.p > 0) pass.run(DropoutApply{x.matrix(), x.matrix(), dropout});
}

void Embedding::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dy = t.output_gradients[0];
  const Tensor dpositions = second_of(t.weight_gradients);
  if (!dy || (!t.weight_gradients[0] && !dpositions)) return;
  const Dropout dropout = pass.dropout(o_.dropout, o_.dropout_number, dy.shape[1]);
  if (dropout.p > 0) pass.run(DropoutApply{dy.matrix(), dy.matrix(), dropout});
  EmbeddingBackward args;
  args.dtoken_table = t.weight_gradients[0];
  args.dposition_table = dpositions;
  args.dy = dy;
  args.tokens = t.inputs[0];
  args.starts = second_of(t.inputs);
  pass.run(args);
}

}  // namespace convoy
