#include "core/layers/adapter.h"

#include <cmath>

#include "core/layers/shapes.h"
#include "core/ops/matmul.h"
#include "core/ops/reductions.h"

namespace convoy {

int64_t Adapter::stacked_outputs() const {
  int64_t outputs = 0;
  for (const AdaptedPiece& piece : o_.pieces) outputs += piece.outputs;
  return outputs;
}

DiagonalBlocks Adapter::blocks() const {
  DiagonalBlocks blocks;
  for (const AdaptedPiece& piece : o_.pieces) {
    blocks.first[static_cast<size_t>(blocks.count)] = piece.first;
    blocks.rows[static_cast<size_t>(blocks.count++)] = piece.outputs;
  }
  return blocks;
}

void Adapter::plan(LayerPlan& plan, int64_t rows) const {
  if (o_.rank == 0) return;
  const float bound = 1 / std::sqrt(static_cast<float>(o_.map.inputs));
  ParameterSpec a{o_.name + ".lora_A.weight", {width(), o_.map.inputs}, Initialisation::uniform(bound), true};
  ParameterSpec b{o_.name + ".lora_B.weight", {stacked_outputs(), o_.rank}, {}, true};
  int64_t a_row = 0, b_row = 0;
  for (const AdaptedPiece& piece : o_.pieces) {
    a.stored.push_back({piece.name + ".lora_A.weight", a_row, o_.rank});
    b.stored.push_back({piece.name + ".lora_B.weight", b_row, piece.outputs});
    a_row += o_.rank;
    b_row += piece.outputs;
  }
  plan.parameters.push_back(std::move(a));
  plan.parameters.push_back(std::move(b));
  plan.forward_flops += 2.0 * static_cast<double>(rows * width()) * static_cast<double>(o_.map.inputs + o_.map.outputs);
}

Dropout Adapter::mask(const Pass& pass, const LayerTensors& t, const Tensor& x) const {
  Dropout mask = pass.dropout(o_.dropout, o_.number, x.shape[0] / t.inputs[0].shape[0]);
  mask.stream = random_stream(RandomSite::adapter_dropout, o_.number);
  return mask;
}

Tensor Adapter::dropped(Pass& pass, const LayerTensors& t, const Tensor& x) const {
  const Dropout mask = this->mask(pass, t, x);
  if (mask.p == 0) return x;
  const Tensor y = pass.scratch.take(x.dtype, x.shape);
  pass.run(DropoutApply{y, x, mask});
  return y;
}

Tensor Adapter::spread(Pass& pass, const LayerTensors& t) const {
  const Tensor& stacked = t.weights[o_.first_parameter + 1];
  const Tensor wide = pass.scratch.take(stacked.dtype, {o_.map.outputs, width()});
  pass.run(SpreadBlocks{wide, stacked, blocks(), o_.scale});
  return wide;
}

void Adapter::forward(Pass& pass, const LayerTensors& t, const Tensor& y, const Tensor& x) const {
  if (o_.rank == 0) return;
  const size_t mark = pass.scratch.used_bytes();
  const Tensor from = x.matrix();
  const Tensor inner = pass.scratch.take(x.dtype, {from.shape[0], width()});
  pass.run(Matmul{.c = inner, .a = dropped(pass, t, from), .b = a(t), .b_transposed = true});
  pass.run(Matmul{.c = y.matrix(), .a = inner, .b = spread(pass, t), .b_transposed = true, .accumulate = true});
  pass.scratch.rewind(mark);
}

Tensor Adapter::pull_back(Pass& pass, const LayerTensors& t, const Tensor& dy) const {
  if (o_.rank == 0) return {};
  const Tensor from = dy.matrix();
  const Tensor pulled = pass.scratch.take(dy.dtype, {from.shape[0], width()});
  const size_t mark = pass.scratch.used_bytes();
  pass.run(Matmul{.c = pulled, .a = from, .b = spread(pass, t)});
  pass.scratch.rewind(mark);
  return pulled;
}

void Adapter::add_input_gradient(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& pulled) const {
  if (o_.rank == 0 || !dx) return;
  const Tensor to = dx.matrix();
  const Dropout mask = this->mask(pass, t, to);
  if (mask.p == 0) {
    pass.run(Matmul{.c = to, .a = pulled, .b = a(t), .accumulate = true});
    return;
  }
  const size_t mark = pass.scratch.used_bytes();
  const Tensor part = pass.scratch.take(to.dtype, to.shape);
  pass.run(Matmul{.c = part, .a = pulled, .b = a(t)});
  pass.run(DropoutApply{part, part, mask});
  pass.run(Add{to, part});
  pass.scratch.rewind(mark);
}

void Adapter::add_weight_gradients(Pass& pass, const LayerTensors& t, const Tensor& x, const Tensor& dy,
                                   const Tensor& pulled) const {
  if (o_.rank == 0) return;
  const size_t mark = pass.scratch.used_bytes();
  const Tensor &da = t.weight_gradients[o_.first_parameter], &db = t.weight_gradients[o_.first_parameter + 1];
  const Tensor from = dropped(pass, t, x.matrix());
  if (da) pass.run(Matmul{.c = da, .a = pulled, .b = from, .a_transposed = true, .accumulate = true});
  if (db) {
    const Tensor inner = pass.scratch.take(x.dtype, {from.shape[0], width()});
    const Tensor wide = pass.scratch.take(DType::f32, {o_.map.outputs, width()});
    pass.run(Matmul{.c = inner, .a = from, .b = a(t), .b_transposed = true});
    pass.run(Matmul{.c = wide, .a = dy.matrix(), .b = inner, .a_transposed = true});
    pass.run(AddBlocks{db, wide, blocks(), o_.scale});
  }
  pass.scratch.rewind(mark);
}

void Adapter::backward(Pass& pass, const LayerTensors& t, const Tensor& dx, const Tensor& x, const Tensor& dy) const {
  if (o_.rank == 0) return;
  const size_t mark = pass.scratch.used_bytes();
  const Tensor pulled = pull_back(pass, t, dy);
  add_input_gradient(pass, t, dx, pulled);
  add_weight_gradients(pass, t, x, dy, pulled);
  pass.scratch.rewind(mark);
}

}  // namespace convoy
