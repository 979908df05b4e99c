#include "core/layers/attention.h"

#include <fmt/format.h>

#include <cmath>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/attention.h"

namespace convoy {

LayerPlan SelfAttention::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  if (o_.H <= 0 || o_.C % o_.H != 0)
    throw ConfigError(
        fmt::format("layer {}: {} heads do not divide {} channels; choose a divisor", o_.name, o_.H, o_.C));
  expect_channels(o_.name, inputs[0], 3 * o_.C);
  const int64_t B = inputs[0].shape[0], T = inputs[0].shape[1];
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, with_channels(inputs[0].shape, o_.C)}};
  if (purpose == Purpose::generation)
    for (const char* what : {".keys", ".values"})
      plan.states.push_back({o_.name + what, {inputs[0].dtype, {B, o_.context, o_.C}}});
  if (purpose == Purpose::training) plan.saved = {{DType::f32, {B, o_.H, T}}};  // log sum of exponentials
  plan.backward_reads = {.inputs = {0}, .outputs = {0}};
  // The whole square, as is usual for flop utilisation.
  plan.forward_flops = 4.0 * static_cast<double>(B * o_.C) * static_cast<double>(T) * static_cast<double>(T);
  return plan;
}

AttentionShape SelfAttention::shape(const Tensor& qkv) const {
  const int64_t B = qkv.shape[0], T = qkv.shape[1], D = o_.C / o_.H;
  return {B, T, T, o_.H, o_.H, D, qkv.dtype, true, 1.0f / std::sqrt(static_cast<float>(D))};
}

Heads SelfAttention::part(const Tensor& packed, int which) const {
  const int64_t stride = packed.shape[2], T = packed.shape[1];
  return {packed.range(which * o_.C, 1).data, stride, T * stride};
}

static Heads dense_heads(const Tensor& y) { return {y.data, y.shape[2], y.shape[1] * y.shape[2]}; }

void SelfAttention::forward(Pass& pass, const LayerTensors& t) const {
  if (!t.states.empty()) return forward_cached(pass, t);
  const Tensor& qkv = t.inputs[0];
  AttentionForward args;
  args.shape = shape(qkv);
  args.y = dense_heads(t.outputs[0]);
  if (!t.saved.empty()) args.logsumexp = t.saved[0];
  args.q = part(qkv, 0);
  args.k = part(qkv, 1);
  args.v = part(qkv, 2);
  args.dropout = pass.dropout(o_.dropout, o_.dropout_number, o_.H * args.shape.Tq);
  pass.run(args);
}

void SelfAttention::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor &qkv = t.inputs[0], &dqkv = t.input_gradients[0];
  if (!dqkv) return;
  AttentionBackward args;
  args.shape = shape(qkv);
  args.dq = part(dqkv, 0);
  args.dk = part(dqkv, 1);
  args.dv = part(dqkv, 2);
  args.dy = dense_heads(t.output_gradients[0]);
  args.y = dense_heads(t.outputs[0]);
  args.q = part(qkv, 0);
  args.k = part(qkv, 1);
  args.v = part(qkv, 2);
  args.logsumexp = t.saved[0];
  args.dropout = pass.dropout(o_.dropout, o_.dropout_number, o_.H * args.shape.Tq);
  pass.run(args);
}

void SelfAttention::forward_cached(Pass& pass, const LayerTensors& t) const {
  const Tensor& qkv = t.inputs[0];
  AttentionForward args;
  args.shape = shape(qkv);
  args.shape.Tk = o_.context;
  args.y = dense_heads(t.outputs[0]);
  args.q = part(qkv, 0);
  args.k = dense_heads(t.states[0]);
  args.v = dense_heads(t.states[1]);
  args.position = pass.position;
  for (const auto& [to, which] : {std::pair{args.k, 1}, {args.v, 2}})
    pass.run(CacheAppend{to, part(qkv, which), args.shape.B, args.shape.Tq, o_.C, qkv.dtype, pass.position});
  pass.run(args);
}

}  // namespace convoy
