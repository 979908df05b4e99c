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

void linear_backward_input(Pass& pass, const Tensor& dx, const Tensor& dy, const Tensor& weight,
                           Activation derivative_of, const Tensor& pre_activation) {
  Matmul product{.c = dx.matrix(), .a = dy.matrix(), .b = weight, .b_transposed = true};
  product.derivative_of = derivative_of;
  if (pre_activation) product.pre_activation = pre_activation.matrix();
  pass.run(product);
}

void linear_backward_weight(Pass& pass, const Tensor& dweight, const Tensor& dbias, const Tensor& x, const Tensor& dy) {
  Matmul product{.c = dweight, .a = x.matrix(), .b = dy.matrix(), .a_transposed = true, .accumulate = true};
  product.column_sums = dbias;
  pass.run(product);
}

}  // namespace convoy
