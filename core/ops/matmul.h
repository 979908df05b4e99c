// c = act(a b + bias), and the forms its backward needs, after cuBLASLt's epilogues.
//
//   a (M, K), or (K, M) with a_transposed; b (K, N), or (N, K) with b_transposed; c (M, N). Row-major, dense.
//   A transposed a may have more columns than c has rows: those behind are left out.
//   a and b: f32 or bf16, both the same. c: f32 or bf16. Products are summed in f32.
//
// In this order: the product; + c's old value if `accumulate`; + bias; pre_activation written; activation applied, or
// multiplied by the derivative of `derivative_of` at pre_activation, both with default_number(); rounded to c's dtype.
#pragma once

#include "core/ops/activation.h"
#include "core/tensor/tensor.h"

namespace convoy {

struct Matmul {
  Tensor c, a, b;
  bool a_transposed = false, b_transposed = false;
  bool accumulate = false;  // c is added to; needs activation and derivative_of none

  Tensor bias;                                  // (N), a's dtype; absent: none
  Activation activation = Activation::none;     // forward
  Tensor pre_activation;                        // (M, N), a's dtype: written forward if present, read for derivative_of
  Activation derivative_of = Activation::none;  // backward: c = (a b) * act'(pre_activation)

  // Each row of c has the bits that it would have alone, where the device can: of forward, that is a not transposed and
  // nothing added up. What a model makes of a text then does not depend on what is computed beside it.
  bool rows_alike = false;

  // (N), f32: += column sums of b (K, N), not transposed. With a = x transposed and b = dy this is the bias gradient
  // that goes with the weight gradient c = x^T dy.
  Tensor column_sums;
};

// Two products, neither of which reads or writes what the other writes: a device may run them side by side. The
// gradients of a linear map are such, dy W^T and x^T dy.
struct MatmulPair {
  Matmul first, second;
};

}  // namespace convoy
