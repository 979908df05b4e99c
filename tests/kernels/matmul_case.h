// One matrix product with made-up operands, and what float64 makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ops/matmul.h"

namespace convoy::test {

struct MatmulOptions {
  int64_t M = 1, N = 1, K = 1;
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false, accumulate = false, bias = false;
  bool pre_activation = false, column_sums = false;
  Activation activation = Activation::none, derivative_of = Activation::none;
};

std::string to_string(const MatmulOptions& options);

double activation_f64(Activation kind, double x);
double derivative_f64(Activation kind, double x);  // by finite differences of activation_f64

// A tensor with its memory; `offset` elements of the memory lie before it, to vary the alignment.
class OwnedTensor {
 public:
  OwnedTensor() = default;
  OwnedTensor(const Shape& shape, DType dtype, int64_t offset = 0);
  OwnedTensor(OwnedTensor&&) = default;
  OwnedTensor& operator=(OwnedTensor&&) = default;

  const Tensor& tensor() const { return tensor_; }
  double at(int64_t index) const;
  void set(int64_t index, double value);
  std::vector<std::byte> bits() const;

 private:
  std::vector<std::byte> memory_;
  Tensor tensor_;
};

// Operands with entries of magnitude about 1, the same for equal options whatever the offset.
struct MatmulCase {
  explicit MatmulCase(const MatmulOptions& options, int64_t offset = 0);

  Matmul args() const;
  // Compares c, pre_activation and column_sums, as they are after the operator ran, with float64.
  void expect_right() const;

  MatmulOptions options;
  OwnedTensor a, b, c, bias, pre_activation, column_sums;

 private:
  struct Sum {
    double value, magnitude;  // magnitude: of the terms, what rounding errors are relative to
  };
  Sum product(int64_t m, int64_t n) const;
  void expect_element(int64_t m, int64_t n) const;

  std::vector<double> old_c_, old_column_sums_;
};

}  // namespace convoy::test
