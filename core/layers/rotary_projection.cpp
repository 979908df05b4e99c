#include "core/layers/rotary_projection.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/layers/products.h"
#include "core/layers/shapes.h"

namespace convoy {

LayerPlan RotaryProjection::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  const RotaryShape& r = o_.rotary;
  if (r.D < 1 || r.D > kRotaryMaxD || r.R > r.D || r.R % 2 != 0)
    throw ConfigError(
        fmt::format("layer {}: rotary positions of {} of a head's {} channels; an even number of at most "
                    "{} is wanted",
                    o_.name, r.R, r.D, std::min(r.D, kRotaryMaxD)));
  expect_channels(o_.name, inputs[0], o_.C);
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, with_channels(inputs[0].shape, width())}};
  plan.parameters = {{o_.name + ".weight", {width(), o_.C}, Initialisation::normal(o_.stddev), true}};
  if (o_.has_bias) plan.parameters.push_back({o_.name + ".bias", {width()}, {}, false});
  if (has_norm())
    for (const std::string& norm : {o_.query_norm, o_.key_norm})
      plan.parameters.push_back({norm + ".weight", {r.D}, Initialisation::ones(), false});
  if (has_norm() && purpose == Purpose::training)  // heads before the norm
    plan.saved = {{inputs[0].dtype, with_channels(inputs[0].shape, r.heads() * r.D)}};
  plan.backward_reads.inputs = {0};
  if (inputs.size() > 1) plan.backward_reads.inputs.push_back(1);
  plan.shares = {{Share::Kind::gradient_is_scratch, 0}};
  plan.forward_flops = 2.0 * static_cast<double>(rows_of(inputs[0])) * static_cast<double>(o_.C * width());
  adapter_.plan(plan, rows_of(inputs[0]));
  return plan;
}

std::vector<LinearMap> RotaryProjection::linear_maps() const { return {{o_.name + ".weight", o_.C, width(), true}}; }

void RotaryProjection::forward(Pass& pass, const LayerTensors& t) const {
  const Tensor& y = t.outputs[0];
  outputs_forward(pass, y, t.inputs[0], t.weights[0], o_.has_bias ? t.weights[1] : Tensor());
  adapter_.forward(pass, t, y, t.inputs[0]);
  RotaryForward args;
  args.shape = o_.rotary;
  args.x = y;
  if (!t.saved.empty()) args.kept = t.saved[0];
  if (has_norm()) {
    args.query_weight = t.weights[query_norm()];
    args.key_weight = t.weights[query_norm() + 1];
  }
  args.position = pass.position;
  if (t.inputs.size() > 1) args.starts = t.inputs[1];
  pass.run(args);
}

void RotaryProjection::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor& dy = t.output_gradients[0];
  RotaryBackward args;
  args.shape = o_.rotary;
  args.dx = dy;
  if (has_norm()) {
    args.kept = t.saved[0];
    args.query_weight = t.weights[query_norm()];
    args.key_weight = t.weights[query_norm() + 1];
    args.dquery_weight = t.weight_gradients[query_norm()];
    args.dkey_weight = t.weight_gradients[query_norm() + 1];
  }
  if (t.inputs.size() > 1) args.starts = t.inputs[1];
  pass.run(args);
  outputs_backward(pass, {t.input_gradients[0], t.weight_gradients[0], o_.has_bias ? t.weight_gradients[1] : Tensor()},
                   t.inputs[0], dy, t.weights[0]);
  adapter_.backward(pass, t, t.input_gradients[0], t.inputs[0], dy);
}

}  // namespace convoy
