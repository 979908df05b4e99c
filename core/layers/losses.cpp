#include "core/layers/losses.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/cross_entropy.h"
#include "core/ops/reductions.h"
#include "core/ops/squared_error.h"

namespace convoy {
namespace {

LayerPlan loss_plan(int64_t rows) {
  LayerPlan plan;
  plan.outputs.assign(2, {DType::f32, {rows}});
  plan.backward_reads.inputs = {0, 1};
  plan.backward_reads.weights = false;
  plan.is_loss = true;
  return plan;
}

}  // namespace

LayerPlan MeanSquaredError::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const Shape &x = inputs[0].shape, &target = inputs[1].shape;
  if (inputs[1].dtype == DType::i32 || x.elements() != target.elements() || x[0] != target[0])
    throw ConfigError(fmt::format(
        "loss {} compares predictions of shape {} with targets of shape {}{}; it wants numbers of one shape", name_,
        to_string(x), to_string(target), inputs[1].dtype == DType::i32 ? ", which are whole numbers" : ""));
  return loss_plan(rows_of(inputs[0]));
}

void MeanSquaredError::forward(Pass& pass, const LayerTensors& t) const { run(pass, t, {}, {}); }

void MeanSquaredError::backward(Pass& pass, const LayerTensors& t) const {
  run(pass, t, t.input_gradients[0], t.input_gradients[1]);
}

void MeanSquaredError::run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dtarget) const {
  pass.run(SquaredError{t.outputs[0], t.inputs[0], t.inputs[1], dx, dtarget, pass.loss_scale});
  pass.run(Fill{t.outputs[1], 1});
}

LayerPlan SoftmaxCrossEntropy::plan(std::span<const TensorSpec> inputs, Purpose) const {
  if (inputs[1].dtype != DType::i32 || rows_of(inputs[0]) != inputs[1].shape.elements())
    throw ConfigError(fmt::format(
        "loss {} compares predictions of shape {} with targets of shape {}{}; it wants a class, a whole number, a row",
        name_, to_string(inputs[0].shape), to_string(inputs[1].shape),
        inputs[1].dtype != DType::i32 ? ", which are no classes" : ""));
  return loss_plan(rows_of(inputs[0]));
}

void SoftmaxCrossEntropy::forward(Pass& pass, const LayerTensors& t) const { run(pass, t, {}); }

void SoftmaxCrossEntropy::backward(Pass& pass, const LayerTensors& t) const { run(pass, t, t.input_gradients[0]); }

void SoftmaxCrossEntropy::run(Pass& pass, const LayerTensors& t, const Tensor& dlogits) const {
  CrossEntropy loss{t.outputs[0], dlogits, t.inputs[0].matrix(), t.inputs[1], pass.loss_scale};
  loss.weights = t.outputs[1];
  pass.run(loss);
}

}  // namespace convoy
