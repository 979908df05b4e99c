// The products of a linear map y = x W + b, shared by the layers that contain one. All row-major matrices.
#pragma once

#include "core/layers/layer.h"

namespace convoy {

// y = act(x W + b); pre_activation receives x W + b if present.
void linear_forward(Pass& pass, const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                    Activation activation = Activation::none, const Tensor& pre_activation = {});

struct LinearGradients {
  Tensor input;         // dx = dy W^T, or (dy W^T) * act'(pre_activation); absent: not wanted
  Tensor weight, bias;  // dW += x^T dy; db += column sums of dy
};

void linear_backward(Pass& pass, const LinearGradients& gradients, const Tensor& x, const Tensor& dy,
                     const Tensor& weight, Activation derivative_of = Activation::none,
                     const Tensor& pre_activation = {});

}  // namespace convoy
