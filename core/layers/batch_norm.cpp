#include "core/layers/batch_norm.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/batch_norm.h"

namespace convoy {
namespace {

constexpr int kBatchMean = 0, kBatchVariance = 1;  // saved

}  // namespace

LayerPlan BatchNorm::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  const TensorSpec& x = inputs[0];
  if (x.shape.dims() < 2 || (x.dtype != DType::f32 && x.dtype != DType::bf16))
    throw ConfigError(
        fmt::format("layer {}: batch norm is of real numbers (B, ..., C), its input is {} {}; put it behind a layer "
                    "that gives such",
                    o_.name, name_of(x.dtype), to_string(x.shape)));
  const Shape channels{x.shape[-1]};
  LayerPlan plan;
  plan.outputs = {x};
  if (o_.scale) plan.parameters.push_back({o_.name + ".weight", channels, Initialisation::ones()});
  if (o_.bias) plan.parameters.push_back({o_.name + ".bias", channels, {}});
  plan.parameters.push_back({.name = o_.name + ".running_mean", .shape = channels, .role = ParameterRole::statistic});
  plan.parameters.push_back({.name = o_.name + ".running_var",
                             .shape = channels,
                             .initialisation = Initialisation::ones(),
                             .role = ParameterRole::statistic});
  if (purpose == Purpose::training) plan.saved.assign(2, {DType::f32, channels});
  plan.backward_reads.inputs = {0};
  plan.shares = {{Share::Kind::gradient_over, 0, 0}};
  return plan;
}

void BatchNorm::measure(Pass& pass, const LayerTensors& t) const {
  const Tensor x = t.inputs[0].matrix();
  if (x.shape[0] < 2)
    throw ConfigError(fmt::format(
        "layer {}: batch norm of micro-batches with a single row, shape {}: one number has no variance; set "
        "batch.micro to 2 or more, or take layer_norm",
        o_.name, to_string(t.inputs[0].shape)));
  pass.run(ColumnMoments{t.saved[kBatchMean], t.saved[kBatchVariance], x});
}

void BatchNorm::forward(Pass& pass, const LayerTensors& t) const {
  if (pass.training) measure(pass, t);
  pass.run(ColumnNormalise{.y = t.outputs[0].matrix(),
                           .x = t.inputs[0].matrix(),
                           .mean = pass.training ? t.saved[kBatchMean] : t.weights[mean_at()],
                           .spread = pass.training ? t.saved[kBatchVariance] : t.weights[variance_at()],
                           .weight = weight_of(t.weights),
                           .bias = bias_of(t.weights),
                           .eps = o_.eps});
}

void BatchNorm::add_statistics(Pass& pass, const LayerTensors& t, int64_t rows) const {
  const auto add = [&](size_t parameter, const Tensor& measured, float factor) {
    const Tensor& change = t.weight_gradients[parameter];
    if (change)
      pass.run(AverageChange{change, measured, t.weights[parameter], o_.momentum * pass.micro_batch_share, factor});
  };
  add(mean_at(), t.saved[kBatchMean], 1);
  add(variance_at(), t.saved[kBatchVariance], static_cast<float>(rows) / static_cast<float>(rows - 1));
}

void BatchNorm::backward(Pass& pass, const LayerTensors& t) const {
  BatchNormBackward args;
  args.dy = t.output_gradients[0].matrix();
  add_statistics(pass, t, args.dy.shape[0]);
  if (const Tensor& dx = t.input_gradients[0]) args.dx = dx.matrix();
  args.dweight = weight_of(t.weight_gradients);
  args.dbias = bias_of(t.weight_gradients);
  if (!args.dx && !args.dweight && !args.dbias) return;
  args.x = t.inputs[0].matrix();
  args.mean = t.saved[kBatchMean];
  args.variance = t.saved[kBatchVariance];
  args.weight = weight_of(t.weights);
  args.eps = o_.eps;
  pass.run(args);
}

}  // namespace convoy
