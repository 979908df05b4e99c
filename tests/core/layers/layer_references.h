// What layers compute, in f64, one element at a time: references for check_layer.
#pragma once

#include "core/ops/matmul.h"
#include "tests/support/check_layer.h"

namespace convoy::test {

// x (rows, Cin) W (Cin, Cout) + b.
Values linear_f64(const Values& x, const Values& weight, const Values& bias);
Values activation_f64(Activation activation, Values x, double number);
inline Values activation_f64(Activation activation, const Values& x) {
  return activation_f64(activation, x, double{default_number(activation)});
}
// a + factor of dropout * b, both (rows, C).
Values add_branch_f64(const Values& a, const Values& b, int64_t C,
                      const std::function<double(int64_t, int64_t)>& factor);

}  // namespace convoy::test
