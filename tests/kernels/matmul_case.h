// One matrix product with made-up operands, and what float64 makes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/ops/matmul.h"
#include "tests/support/test_device.h"

namespace convoy::test {

struct MatmulOptions {
  int64_t M = 1, N = 1, K = 1;
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false, accumulate = false, bias = false;
  bool pre_activation = false, column_sums = false;
  Activation activation = Activation::none, derivative_of = Activation::none;
  int64_t more_columns = 0;  // of a transposed a than c has rows
};

std::string to_string(const MatmulOptions& options);

double activation_f64(Activation kind, double x);
double derivative_f64(Activation kind, double x);  // by finite differences of activation_f64

// A tensor on the test device and a copy of it on the host, which at() and set() work on. `offset` elements of the
// memory lie before the tensor, to vary the alignment.
class MirroredTensor {
 public:
  MirroredTensor() = default;
  MirroredTensor(const Shape& shape, DType dtype, int64_t offset = 0);

  const Tensor& tensor() const { return tensor_; }
  double at(int64_t index) const;
  void set(int64_t index, double value);
  const std::vector<std::byte>& bits() const { return host_; }

  void upload() const { write(tensor_, host_); }
  void download() { host_ = read<std::byte>(tensor_); }

 private:
  std::vector<std::byte> host_;
  TestMemory memory_;
  Tensor tensor_;
};

// Operands with entries of magnitude about 1, the same for equal options whatever the offset.
struct MatmulCase {
  explicit MatmulCase(const MatmulOptions& options, int64_t offset = 0);

  // Uploads, calls run(Matmul) and downloads.
  template <class Run>
  void run(const Run& run) {
    for (const MirroredTensor* tensor : tensors()) tensor->upload();
    run(args());
    for (MirroredTensor* tensor : tensors()) tensor->download();
  }
  // On the test device, with scratch of exactly the size asked for.
  void run();

  Matmul args() const;
  // Compares c, pre_activation and column_sums, as they are after the operator ran, with float64.
  void expect_right() const;

  MatmulOptions options;
  MirroredTensor a, b, c, bias, pre_activation, column_sums;

 private:
  struct Sum {
    double value, magnitude;  // magnitude: of the terms, what rounding errors are relative to
  };
  std::vector<MirroredTensor*> tensors();  // that are there
  Sum product(int64_t m, int64_t n) const;
  void expect_element(int64_t m, int64_t n) const;

  std::vector<double> old_c_, old_column_sums_;
};

}  // namespace convoy::test
