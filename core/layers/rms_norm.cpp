#include "core/layers/rms_norm.h"

#include "core/layers/shapes.h"

namespace convoy {

std::vector<ParameterSpec> RmsNorm::parameters() const {
  return {{o_.name + ".weight", {o_.C}, Initialisation::ones(), false}};
}

std::vector<TensorSpec> RmsNorm::infer(std::span<const TensorSpec> inputs) const {
  for (const TensorSpec& input : inputs) expect_channels(o_.name, input, o_.C);
  return {inputs[0], inputs[0]};
}

std::vector<TensorSpec> RmsNorm::saved(std::span<const TensorSpec> inputs) const {
  return {{DType::f32, {rows_of(inputs[0])}}};
}

Dropout RmsNorm::dropout(const Pass& pass, const Tensor& x) const {
  return pass.dropout(o_.dropout, o_.dropout_number, x.shape.dims() > 2 ? x.shape[1] : 1);
}

void RmsNorm::forward(Pass& pass, const LayerTensors& t) const {
  RmsNormForward args;
  args.y = t.outputs[kY].matrix();
  args.rstd = t.saved[0];
  args.x = t.inputs[0].matrix();
  if (o_.has_branch) {
    args.residual = t.outputs[kResidual].matrix();
    args.branch = t.inputs[1].matrix();
    args.dropout = dropout(pass, t.inputs[0]);
  }
  args.weight = t.weights[0];
  args.eps = o_.eps;
  pass.run(args);
}

void RmsNorm::backward(Pass& pass, const LayerTensors& t) const {
  RmsNormBackward args;
  args.dx = t.input_gradients[0].matrix();
  if (o_.has_branch && o_.dropout > 0) {
    args.dbranch = t.input_gradients[1].matrix();
    args.dropout = dropout(pass, t.input_gradients[0]);
  }
  args.dweight = t.weight_gradients[0];
  args.dy = t.output_gradients[kY].matrix();
  if (t.output_gradients[kResidual]) args.dresidual_out = t.output_gradients[kResidual].matrix();
  args.residual = t.outputs[kResidual].matrix();
  args.rstd = t.saved[0];
  args.weight = t.weights[0];
  pass.run(args);
}

}  // namespace convoy
