#include "core/layers/products.h"

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
  dweight.column_sums = gradients.bias;
  if (!gradients.input) return pass.run(dweight);
  Matmul dx{.c = gradients.input.matrix(), .a = dy.matrix(), .b = weight, .b_transposed = true};
  dx.derivative_of = derivative_of;
  if (pre_activation) dx.pre_activation = pre_activation.matrix();
  pass.run(MatmulPair{dx, dweight});
}

}  // namespace convoy
