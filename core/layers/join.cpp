#include "core/layers/join.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/layers/shapes.h"
#include "core/ops/combine.h"
#include "core/ops/copy_columns.h"
#include "core/ops/gate.h"

namespace convoy {
namespace {

std::string shapes_of(std::span<const TensorSpec> inputs) {
  std::string text;
  for (const TensorSpec& input : inputs) text += (text.empty() ? "" : ", ") + to_string(sample_of(input.shape));
  return text;
}

bool all_alike(std::span<const TensorSpec> inputs) {
  return std::ranges::all_of(inputs, [&](const TensorSpec& input) { return input.shape == inputs[0].shape; });
}

void expect_few(const std::string& name, std::span<const TensorSpec> inputs) {
  if (inputs.size() > Combine::kMostInputs)
    throw ConfigError(fmt::format("layer {} has {} inputs; it takes at most {}, so put several behind each other", name,
                                  inputs.size(), Combine::kMostInputs));
}

Combine combined(Combination kind, const Tensor& y, const std::vector<Tensor>& inputs) {
  Combine args{.kind = kind, .y = y, .count = static_cast<int>(inputs.size())};
  std::ranges::copy(inputs, args.inputs.begin());
  return args;
}

// The tensor seen as a matrix whose rows are what lies from dimension `dim` on.
Tensor from_dim(const Tensor& tensor, int dim) {
  int64_t rows = 1;
  for (int d = 0; d < dim; ++d) rows *= tensor.shape[d];
  return tensor.reshaped({rows, tensor.elements() / rows});
}

}  // namespace

Concat::Concat(std::string name, int64_t axis, std::span<const TensorSpec> inputs) : name_(std::move(name)) {
  const Shape& first = inputs[0].shape;
  dim_ = static_cast<int>(axis < 0 ? first.dims() + axis : axis + 1);
  if (dim_ < 1 || dim_ >= first.dims())
    throw ConfigError(fmt::format("layer {}: a sample of its first input is {}, which has no axis {}; it has 0 to {}",
                                  name_, to_string(sample_of(first)), axis, first.dims() - 2));
  for (const TensorSpec& input : inputs) {
    bool fits = input.shape.dims() == first.dims();
    for (int d = 0; d < first.dims() && fits; ++d) fits = d == dim_ || input.shape[d] == first[d];
    if (!fits)
      throw ConfigError(
          fmt::format("layer {} puts samples of shapes {} one behind the other along axis {}; all other extents must "
                      "be equal: put pooling, reshape or flatten before it, or choose another axis",
                      name_, shapes_of(inputs), dim_ - 1));
    widths_.push_back(from_dim(input.unbound(), dim_).shape[1]);
  }
}

LayerPlan Concat::plan(std::span<const TensorSpec> inputs, Purpose) const {
  std::vector<int64_t> extents(inputs[0].shape.begin(), inputs[0].shape.end());
  for (const TensorSpec& input : inputs.subspan(1)) extents[static_cast<size_t>(dim_)] += input.shape[dim_];
  LayerPlan plan;
  plan.outputs = {{inputs[0].dtype, Shape(extents)}};
  plan.backward_reads.weights = false;
  return plan;
}

void Concat::forward(Pass& pass, const LayerTensors& t) const {
  int64_t column = 0;
  for (size_t i = 0; i < widths_.size(); column += widths_[i++])
    pass.run(CopyColumns{from_dim(t.outputs[0], dim_), from_dim(t.inputs[i], dim_), column, 0, widths_[i]});
}

void Concat::backward(Pass& pass, const LayerTensors& t) const {
  int64_t column = 0;
  for (size_t i = 0; i < widths_.size(); column += widths_[i++])
    if (const Tensor& dx = t.input_gradients[i])
      pass.run(CopyColumns{from_dim(dx, dim_), from_dim(t.output_gradients[0], dim_), 0, column, widths_[i]});
}

LayerPlan AddInputs::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_few(name_, inputs);
  if (!all_alike(inputs))
    throw ConfigError(
        fmt::format("layer {} adds samples of shapes {}; they must be of one shape: give the layers before it as many "
                    "units or channels and the same stride",
                    name_, shapes_of(inputs)));
  LayerPlan plan;
  plan.outputs = {inputs[0]};
  plan.backward_reads.weights = false;
  plan.shares = {{Share::Kind::gradient_over, 0, 0}};
  for (int i = 1; i < static_cast<int>(inputs.size()); ++i) plan.shares.push_back({Share::Kind::gradient_is, i, 0});
  return plan;
}

void AddInputs::forward(Pass& pass, const LayerTensors& t) const {
  pass.run(combined(Combination::sum, t.outputs[0], t.inputs));
}

void AddInputs::backward(Pass& pass, const LayerTensors& t) const {
  for (const Tensor& dx : t.input_gradients)
    if (dx) copy_unless_same(pass, dx, t.output_gradients[0]);
}

namespace {

// Which of two inputs has one number for each channel of a sample of the other; -1: neither.
int gate_of(std::span<const TensorSpec> inputs) {
  if (inputs.size() != 2) return -1;
  for (const int gate : {1, 0}) {
    const Shape &x = inputs[static_cast<size_t>(1 - gate)].shape, &g = inputs[static_cast<size_t>(gate)].shape;
    if (x.dims() > 2 && g.dims() > 1 && g[0] == x[0] && g[-1] == x[-1] && g.elements() == x[0] * x[-1]) return gate;
  }
  return -1;
}

std::vector<TensorSpec> specs_of(const std::vector<Tensor>& tensors) {
  std::vector<TensorSpec> specs;
  for (const Tensor& tensor : tensors) specs.push_back({tensor.dtype, tensor.shape});
  return specs;
}

// (B, P, C) of what has a gate, (B, C) of the gate.
Tensor by_positions(const Tensor& x) {
  return x ? x.reshaped({x.shape[0], x.elements() / (x.shape[0] * x.shape[-1]), x.shape[-1]}) : x;
}
Tensor by_channels(const Tensor& gate) { return gate ? gate.reshaped({gate.shape[0], gate.shape[-1]}) : gate; }

}  // namespace

LayerPlan MultiplyInputs::plan(std::span<const TensorSpec> inputs, Purpose) const {
  expect_few(name_, inputs);
  const int gate = all_alike(inputs) ? -1 : gate_of(inputs);
  if (gate < 0 && !all_alike(inputs))
    throw ConfigError(
        fmt::format("layer {} multiplies samples of shapes {}; they must be of one shape, or two: one (..., C) and one "
                    "number for each of its C channels",
                    name_, shapes_of(inputs)));
  LayerPlan plan;
  plan.outputs = {inputs[gate == 0 ? 1 : 0]};
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) plan.backward_reads.inputs.push_back(i);
  plan.backward_reads.weights = false;
  // Of all gradients this one is computed last, so that the others still find dy.
  plan.shares = {{Share::Kind::gradient_over, gate == 0 ? 1 : 0, 0}};
  return plan;
}

void MultiplyInputs::forward(Pass& pass, const LayerTensors& t) const {
  const std::vector<TensorSpec> specs = specs_of(t.inputs);
  if (all_alike(specs)) return pass.run(combined(Combination::product, t.outputs[0], t.inputs));
  const auto gate = static_cast<size_t>(gate_of(specs));
  pass.run(Gate{by_positions(t.outputs[0]), by_positions(t.inputs[1 - gate]), by_channels(t.inputs[gate])});
}

void MultiplyInputs::backward(Pass& pass, const LayerTensors& t) const {
  const std::vector<TensorSpec> specs = specs_of(t.inputs);
  const Tensor& dy = t.output_gradients[0];
  if (!all_alike(specs)) {
    const auto gate = static_cast<size_t>(gate_of(specs));
    const Tensor &dgate = t.input_gradients[gate], &dx = t.input_gradients[1 - gate];
    if (dgate) pass.run(GateGradient{by_channels(dgate), by_positions(dy), by_positions(t.inputs[1 - gate])});
    if (dx) pass.run(Gate{by_positions(dx), by_positions(dy), by_channels(t.inputs[gate])});
    return;
  }
  for (size_t i = t.inputs.size(); i-- > 0;) {
    if (!t.input_gradients[i]) continue;
    std::vector<Tensor> factors = t.inputs;
    factors[i] = dy;
    pass.run(combined(Combination::product, t.input_gradients[i], factors));
  }
}

}  // namespace convoy
