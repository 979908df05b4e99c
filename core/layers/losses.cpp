#include "core/layers/losses.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/cross_entropy.h"

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

// "(8, 3) f32", for messages.
std::string text_of(const TensorSpec& spec) { return fmt::format("{} {}", to_string(spec.shape), name_of(spec.dtype)); }

// (N, F), a row for each sample.
Tensor by_samples(const Tensor& x) { return x ? x.reshaped({x.shape[0], x.elements() / x.shape[0]}) : x; }

}  // namespace

LayerPlan NumberLoss::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const TensorSpec &x = inputs[0], &target = inputs[1];
  const bool classes = target.dtype == DType::i32;
  const bool fits = x.shape[0] == target.shape[0] && x.shape.elements() == target.shape.elements() &&
                    (!classes || (rule_ == LossRule::binary_cross_entropy && x.shape.elements() == x.shape[0]));
  if (!fits)
    throw ConfigError(fmt::format("loss {} compares predictions {} with targets {}; it wants {}", name_, text_of(x),
                                  text_of(target),
                                  rule_ != LossRule::binary_cross_entropy ? "as many numbers of each sample in both"
                                  : classes ? "one number of each sample, the logit of class 1: linear: {units: 1}"
                                            : "a logit for each number of the target"));
  return loss_plan(x.shape[0]);
}

void NumberLoss::forward(Pass& pass, const LayerTensors& t) const { run(pass, t, {}, {}); }

void NumberLoss::backward(Pass& pass, const LayerTensors& t) const {
  run(pass, t, t.input_gradients[0], t.input_gradients[1]);
}

void NumberLoss::run(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& dtarget) const {
  pass.run(PointwiseLoss{.rule = rule_,
                         .losses = t.outputs[0],
                         .weights = t.outputs[1],
                         .x = by_samples(t.inputs[0]),
                         .target = by_samples(t.inputs[1]),
                         .dx = by_samples(dx),
                         .dtarget = by_samples(dtarget),
                         .scale = pass.loss_scale,
                         .number = number_});
}

LayerPlan SoftmaxCrossEntropy::plan(std::span<const TensorSpec> inputs, Purpose) const {
  const TensorSpec &x = inputs[0], &target = inputs[1];
  if (target.dtype != DType::i32 || rows_of(x) != target.shape.elements())
    throw ConfigError(fmt::format(
        "loss {} compares predictions {} with targets {}; it wants {}", o_.name, text_of(x), text_of(target),
        target.dtype != DType::i32 ? "classes as targets, which are whole numbers"
                                   : "a row of logits for each class that is wanted: put a layer before it that "
                                     "gives them, such as global_average_pool or flatten"));
  LayerPlan plan = loss_plan(rows_of(x));
  plan.weighs_rows = !o_.class_weights.empty() || o_.ignored >= 0;
  if (o_.class_weights.empty()) return plan;
  const auto weights = static_cast<int64_t>(o_.class_weights.size());
  if (weights != x.shape[-1])
    throw ConfigError(
        fmt::format("loss {} has weights of {} classes, and predictions {} are logits of {}; give one "
                    "weight for each class, or as many units",
                    o_.name, weights, text_of(x), x.shape[-1]));
  plan.parameters = {{.name = o_.name + ".class_weights",
                      .shape = {weights},
                      .initialisation = Initialisation::given(o_.class_weights),
                      .role = ParameterRole::setting}};
  plan.backward_reads.weights = true;
  return plan;
}

void SoftmaxCrossEntropy::forward(Pass& pass, const LayerTensors& t) const { run(pass, t, {}); }

void SoftmaxCrossEntropy::backward(Pass& pass, const LayerTensors& t) const { run(pass, t, t.input_gradients[0]); }

void SoftmaxCrossEntropy::run(Pass& pass, const LayerTensors& t, const Tensor& dlogits) const {
  if (o_.label_smoothing > 0 || !o_.class_weights.empty() || o_.ignored >= 0)
    return pass.run(WeightedCrossEntropy{.losses = t.outputs[0],
                                         .weights = t.outputs[1],
                                         .dlogits = dlogits,
                                         .logits = t.inputs[0].matrix(),
                                         .targets = t.inputs[1],
                                         .class_weights = o_.class_weights.empty() ? Tensor() : t.weights[0],
                                         .label_smoothing = o_.label_smoothing,
                                         .ignored = o_.ignored,
                                         .scale = pass.loss_scale});
  CrossEntropy loss{t.outputs[0], dlogits, t.inputs[0].matrix(), t.inputs[1], pass.loss_scale};
  loss.weights = t.outputs[1];
  pass.run(loss);
}

}  // namespace convoy
