#include "core/layers/products.h"

#include "core/ops/reductions.h"

#include "core/ops/matmul.h"

namespace convoy {

void linear_forward(Pass& pass, const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                    Activation activation, const Tensor& pre_activation) {
  Matmul product{.c = y.matrix(), .a = x.matrix(), .b = weight};
  product.bias = bias;
  product.activation = activation;
  if (pre_activation) product.pre_activation = pre_activation.matrix();
  pass.run(product);
}

void linear_backward(Pass& pass, const LinearGradients& gradients, const Tensor& x, const Tensor& dy,
                     const Tensor& weight, Activation derivative_of, const Tensor& pre_activation) {
  Matmul dweight{.c = gradients.weight, .a = x.matrix(), .b = dy.matrix(), .a_transposed = true, .accumulate = true};
  if (gradients.weight)
    dweight.column_sums = gradients.bias;
  else if (gradients.bias)
    pass.run(ColumnSums{gradients.bias, dy.matrix()});
  Matmul dx{.a = dy.matrix(), .b = weight, .b_transposed = true};
  if (gradients.input) dx.c = gradients.input.matrix();
  dx.derivative_of = derivative_of;
  if (pre_activation) dx.pre_activation = pre_activation.matrix();
  run_gradients(pass, dx, dweight);
}

void outputs_forward(Pass& pass, const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  Matmul product{.c = y.matrix(), .a = x.matrix(), .b = weight, .b_transposed = true};
  product.bias = bias;
  pass.run(product);
}

void outputs_backward(Pass& pass, const LinearGradients& gradients, const Tensor& x, const Tensor& dy,
                      const Tensor& weight) {
  if (gradients.bias) pass.run(ColumnSums{gradients.bias, dy.matrix()});
  Matmul dx{.a = dy.matrix(), .b = weight};
  if (gradients.input) dx.c = gradients.input.matrix();
  run_gradients(pass, dx,
                {.c = gradients.weight, .a = dy.matrix(), .b = x.matrix(), .a_transposed = true, .accumulate = true});
}

void run_gradients(Pass& pass, const Matmul& dx, const Matmul& dweight) {
  if (dx.c && dweight.c)
    pass.run(MatmulPair{dx, dweight});
  else if (dx.c || dweight.c)
    pass.run(dx.c ? dx : dweight);
}

}  // namespace convoy
