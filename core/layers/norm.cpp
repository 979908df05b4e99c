#include "core/layers/norm.h"

#include "core/layers/shapes.h"
#include "core/ops/dropout.h"

namespace convoy {
namespace {

constexpr int kResidual = 0, kY = 1;  // outputs
constexpr int kX = 0, kBranch = 1;    // inputs
constexpr int kRstd = 0, kMean = 1;   // saved; RMS norm has no mean

Tensor matrix_of(const Tensor& tensor) { return tensor ? tensor.matrix() : Tensor(); }

}  // namespace

LayerPlan Norm::plan(std::span<const TensorSpec> inputs, Purpose purpose) const {
  for (const TensorSpec& input : inputs) expect_channels(o_.name, input, o_.C);
  LayerPlan plan;
  plan.outputs = {inputs[0], inputs[0]};
  plan.parameters = {{o_.name + ".weight", {o_.C}, Initialisation::ones(), false}};
  if (has_bias()) plan.parameters.push_back({o_.name + ".bias", {o_.C}, {}, false});
  if (purpose == Purpose::training) plan.saved.assign(has_bias() ? 2 : 1, {DType::f32, {rows_of(inputs[0])}});
  plan.backward_reads.outputs = {kResidual};
  plan.shares = {{Share::Kind::gradient_over, kX, kResidual}};
  if (!o_.has_branch)
    plan.shares.push_back({Share::Kind::output_is_input, kResidual, kX});
  else if (o_.dropout == 0)
    plan.shares.push_back({Share::Kind::gradient_is, kBranch, kX});
  return plan;
}

Dropout Norm::dropout(const Pass& pass, const Tensor& x) const {
  return pass.dropout(o_.dropout, o_.dropout_number, x.shape.dims() > 2 ? x.shape[1] : 1);
}

void Norm::forward(Pass& pass, const LayerTensors& t) const {
  NormForward args;
  args.kind = o_.kind;
  args.y = t.outputs[kY].matrix();
  if (!t.saved.empty()) args.rstd = t.saved[kRstd];
  if (!t.saved.empty() && has_bias()) args.mean = t.saved[kMean];
  args.x = t.inputs[kX].matrix();
  if (o_.has_branch) {
    args.residual = t.outputs[kResidual].matrix();
    args.branch = t.inputs[kBranch].matrix();
    args.dropout = dropout(pass, t.inputs[kX]);
  }
  args.weight = t.weights[0];
  if (has_bias()) args.bias = t.weights[1];
  args.eps = o_.eps;
  pass.run(args);
}

void Norm::backward(Pass& pass, const LayerTensors& t) const {
  if (!t.output_gradients[kY]) return pass_residual_gradient(pass, t);
  const Tensor &dx = t.input_gradients[kX], dbranch = o_.has_branch ? t.input_gradients[kBranch] : Tensor();
  NormBackward args;
  args.kind = o_.kind;
  args.dy = t.output_gradients[kY].matrix();
  // Where only the branch's gradient or the parameters' are wanted, x's is on the way to them.
  const bool drops = o_.has_branch && o_.dropout > 0;
  if (dx)
    args.dx = dx.matrix();
  else if (dbranch && !drops)
    args.dx = dbranch.matrix();
  else
    args.dx = pass.scratch.take(args.dy.dtype, args.dy.shape);
  // Elsewhere the branch's gradient equals x's and, as a rule, is the same memory.
  if (dbranch && (drops || (dx && dbranch.data != dx.data))) args.dbranch = dbranch.matrix();
  if (args.dbranch && drops) args.dropout = dropout(pass, t.output_gradients[kY]);
  args.dweight = t.weight_gradients[0];
  if (has_bias()) args.dbias = t.weight_gradients[1];
  args.dresidual_out = matrix_of(t.output_gradients[kResidual]);
  args.residual = t.outputs[kResidual].matrix();
  args.rstd = t.saved[kRstd];
  if (has_bias()) args.mean = t.saved[kMean];
  args.weight = t.weights[0];
  pass.run(args);
}

// Nothing flows back through y.
void Norm::pass_residual_gradient(Pass& pass, const LayerTensors& t) const {
  const Tensor& dresidual = t.output_gradients[kResidual];
  const Tensor &dx = t.input_gradients[kX], dbranch = o_.has_branch ? t.input_gradients[kBranch] : Tensor();
  const auto same = [](const Tensor& a, const Tensor& b) { return a.data != nullptr && a.data == b.data; };
  if (dx && !same(dx, dresidual)) pass.copy(dx, dresidual);
  if (dbranch && !same(dbranch, dx)) {
    const Dropout mask = dropout(pass, dresidual);
    if (mask.p > 0)
      pass.run(DropoutApply{dbranch.matrix(), dresidual.matrix(), mask});
    else
      pass.copy(dbranch, dresidual);
  }
}

}  // namespace convoy
