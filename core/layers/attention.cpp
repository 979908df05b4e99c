#include "core/layers/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/attention.h"

namespace convoy {
namespace {

Heads dense_heads(const Tensor& y) { return {y.data, y.shape[2], y.shape[1] * y.shape[2]}; }

}  // namespace

SelfAttention::SelfAttention(AttentionOptions options) : o_(std::move(options)) {
  if (o_.D == 0 && o_.H > 0) o_.D = o_.C / o_.H;
  if (o_.Hkv == 0) o_.Hkv = o_.H;
}

LayerPlan SelfAttention::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  if (o_.H <= 0 || o_.C % o_.H != 0)
    throw ConfigError(
        fmt::format("layer {}: {} heads do not divide {} channels; choose a divisor", o_.name, o_.H, o_.C));
  if (o_.Hkv < 0 || o_.H % o_.Hkv != 0)
    throw ConfigError(fmt::format("layer {}: {} heads of keys do not divide {} heads of queries; choose a divisor",
                                  o_.name, o_.Hkv, o_.H));
  const int64_t width = o_.H * o_.D;
  expect_channels(o_.name, inputs[0], width + 2 * o_.Hkv * o_.D);
  const int64_t B = inputs[0].shape[0], T = inputs[0].shape[1];
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, with_channels(inputs[0].shape, width)}};
  if (purpose == Purpose::generation)
    for (const char* what : {".keys", ".values"})
      plan.states.push_back({o_.name + what, {inputs[0].dtype, {B, o_.context, o_.Hkv * o_.D}}});
  if (purpose == Purpose::training) plan.saved = {{DType::f32, {B, o_.H, T}}};  // log sum of exponentials
  plan.backward_reads = {.inputs = {0}, .outputs = {0}};
  for (size_t input = 1; input < inputs.size(); ++input) plan.backward_reads.inputs.push_back(static_cast<int>(input));
  // The whole square, as is usual for flop utilisation; of a window its band.
  const int64_t keys = o_.window > 0 ? std::min(T, o_.window) : T;
  plan.forward_flops = 4.0 * static_cast<double>(B * width) * static_cast<double>(T) * static_cast<double>(keys);
  return plan;
}

AttentionShape SelfAttention::shape(const Tensor& qkv) const {
  const int64_t B = qkv.shape[0], T = qkv.shape[1];
  const float scale = 1.0f / std::sqrt(static_cast<float>(o_.D));
  return {B, T, T, o_.H, o_.Hkv, o_.D, qkv.dtype, o_.causal, scale, o_.window};
}

Tensor SelfAttention::starts(const std::vector<Tensor>& inputs) const {
  return inputs.size() > (o_.prefix_ends ? 2u : 1u) ? inputs[1] : Tensor();
}

Tensor SelfAttention::prefix_ends(const std::vector<Tensor>& inputs) const {
  return o_.prefix_ends ? inputs.back() : Tensor();
}

Heads SelfAttention::part(const Tensor& packed, Part which) const {
  const int64_t stride = packed.shape[2], T = packed.shape[1];
  const int64_t heads = which == Part::q ? 0 : which == Part::k ? o_.H : o_.H + o_.Hkv;
  return {packed.range(heads * o_.D, 1).data, stride, T * stride};
}

void SelfAttention::forward(Pass& pass, const LayerTensors& t) const {
  if (!t.states.empty()) return forward_cached(pass, t);
  const Tensor& qkv = t.inputs[0];
  AttentionForward args;
  args.shape = shape(qkv);
  args.y = dense_heads(t.outputs[0]);
  if (!t.saved.empty()) args.logsumexp = t.saved[0];
  args.q = part(qkv, Part::q);
  args.k = part(qkv, Part::k);
  args.v = part(qkv, Part::v);
  args.dropout = pass.dropout(o_.dropout, o_.dropout_number, o_.H * args.shape.Tq);
  args.starts = starts(t.inputs);
  args.prefix_ends = prefix_ends(t.inputs);
  pass.run(args);
}

void SelfAttention::backward(Pass& pass, const LayerTensors& t) const {
  const Tensor &qkv = t.inputs[0], &dqkv = t.input_gradients[0];
  if (!dqkv) return;
  AttentionBackward args;
  args.shape = shape(qkv);
  args.dq = part(dqkv, Part::q);
  args.dk = part(dqkv, Part::k);
  args.dv = part(dqkv, Part::v);
  args.dy = dense_heads(t.output_gradients[0]);
  args.y = dense_heads(t.outputs[0]);
  args.q = part(qkv, Part::q);
  args.k = part(qkv, Part::k);
  args.v = part(qkv, Part::v);
  args.logsumexp = t.saved[0];
  args.dropout = pass.dropout(o_.dropout, o_.dropout_number, o_.H * args.shape.Tq);
  args.starts = starts(t.inputs);
  args.prefix_ends = prefix_ends(t.inputs);
  pass.run(args);
}

void SelfAttention::forward_cached(Pass& pass, const LayerTensors& t) const {
  const Tensor& qkv = t.inputs[0];
  AttentionForward args;
  args.shape = shape(qkv);
  args.shape.Tk = o_.context;
  args.y = dense_heads(t.outputs[0]);
  args.q = part(qkv, Part::q);
  args.k = dense_heads(t.states[0]);
  args.v = dense_heads(t.states[1]);
  args.position = pass.position;
  args.starts = starts(t.inputs);
  for (const auto& [to, which] : {std::pair{args.k, Part::k}, {args.v, Part::v}})
    pass.run(CacheAppend{to, part(qkv, which), args.shape.B, args.shape.Tq, o_.Hkv * o_.D, qkv.dtype, pass.position});
  pass.run(args);
}

}  // namespace convoy
