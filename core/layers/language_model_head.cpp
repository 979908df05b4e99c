#include "core/layers/language_model_head.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/padded_table.h"
#include "core/layers/products.h"
#include "core/layers/shapes.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/matmul.h"

namespace convoy {

std::vector<ParameterSpec> head_parameters(const LanguageModelHeadOptions& o) {
  ParameterSpec weight{o.weight, {o.V, o.C}, Initialisation::normal(o.stddev), true};
  weight.is_table = true;
  return {weight};
}

LayerPlan LanguageModelHead::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_channels(o_.weight, inputs[0], o_.C);
  LayerPlan plan;
  plan.outputs.assign(2, {DType::f32, {rows_of(inputs[0])}});
  plan.parameters = head_parameters(o_);
  plan.backward_reads.inputs = {0, 1};
  plan.forward_flops = 2.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.C * o_.V);
  plan.is_loss = true;
  return plan;
}

void LanguageModelHead::forward(Pass& pass, const LayerTensors& t) const { run(pass, t, {}, {}); }

void LanguageModelHead::backward(Pass& pass, const LayerTensors& t) const {
  run(pass, t, t.input_gradients[0], t.weight_gradients[0]);
}

void LanguageModelHead::run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dweight) const {
  const Tensor x = t.inputs[0].matrix(), weight = padded_table(pass, t.weights[0]);
  const Tensor targets = t.inputs[1].reshaped({x.shape[0]});
  const int64_t N = x.shape[0], columns = weight.shape[0];
  const int64_t chunk =
      pass.ops.preferred_matrices().rows_at_a_time(N, static_cast<size_t>(columns) * size_of(x.dtype));
  const Tensor logits_memory = pass.scratch.take(x.dtype, {chunk, columns});
  for (int64_t begin = 0; begin < N; begin += chunk) {
    const int64_t rows = std::min(chunk, N - begin);
    const Tensor logits = logits_memory.rows(0, rows), x_chunk = x.rows(begin, rows);
    pass.run(Matmul{.c = logits, .a = x_chunk, .b = weight, .b_transposed = true});
    CrossEntropy loss{t.outputs[0].range(begin, rows), {}, logits, targets.range(begin, rows), pass.loss_scale};
    loss.weights = t.outputs[1].range(begin, rows);
    loss.classes = o_.V;
    if (dx || dweight) loss.dlogits = logits;
    pass.run(loss);
    if (!dx && !dweight) continue;
    const Tensor dx_chunk = dx ? dx.rows(begin, rows) : Tensor();
    run_gradients(pass, {.c = dx_chunk, .a = logits, .b = weight},
                  {.c = dweight, .a = logits, .b = x_chunk, .a_transposed = true, .accumulate = true});
  }
}

LayerPlan LastLogits::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_channels(o_.weight, inputs[0], o_.C);
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, {inputs[0].shape[0], o_.V}}};
  plan.parameters = head_parameters(o_);
  return plan;
}

void LastLogits::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& x = t.inputs[0];
  const int64_t B = x.shape[0], T = x.shape[1];
  if (T == 1) return pass.run(Matmul{.c = t.outputs[0], .a = x.matrix(), .b = t.weights[0], .b_transposed = true});
  for (int64_t b = 0; b < B; ++b)
    pass.run(
        Matmul{.c = t.outputs[0].rows(b, 1), .a = x.rows(b * T + T - 1, 1), .b = t.weights[0], .b_transposed = true});
}

void LastLogits::backward(Pass&, const LayerTensors&) const {
  throw InternalError("logits of the last token are for generation: a training graph ends in a loss");
}

}  // namespace convoy
