// The products of a linear map y = x W + b, shared by the layers that contain one. All row-major matrices. W (Cin,
// Cout) as in GPT-2, or held by outputs, (Cout, Cin), as most peers hold it: then several maps of one x are the rows of
// one.
#pragma once

#include "core/layers/layer.h"
#include "core/ops/matmul.h"

namespace convoy {

// y = act(x W + b); pre_activation receives x W + b if present.
void linear_forward(Pass& pass, const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias,
                    Activation activation = Activation::none, const Tensor& pre_activation = {});

// Each may be absent: not wanted.
struct LinearGradients {
  Tensor input;         // dx = dy W^T, or (dy W^T) * act'(pre_activation)
  Tensor weight, bias;  // dW += x^T dy; db += column sums of dy
};

void linear_backward(Pass& pass, const LinearGradients& gradients, const Tensor& x, const Tensor& dy,
                     const Tensor& weight, Activation derivative_of = Activation::none,
                     const Tensor& pre_activation = {});

// The same with W by outputs, without an activation.
void outputs_forward(Pass& pass, const Tensor& y, const Tensor& x, const Tensor& weight, const Tensor& bias = {});
void outputs_backward(Pass& pass, const LinearGradients& gradients, const Tensor& x, const Tensor& dy,
                      const Tensor& weight);

// The two products of a linear map's backward, side by side where the device can; one without a result is left out.
void run_gradients(Pass& pass, const Matmul& dx, const Matmul& dweight);

}  // namespace convoy
