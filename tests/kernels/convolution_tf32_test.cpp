// Convolutions of f32 on tensor cores: operands are rounded to TF32, and sums are f32.
#include <algorithm>

#include "kernels/cuda/cuda_ops.h"
#include "tests/kernels/convolution_case.h"
#include "tests/kernels/support/ops_test.h"

namespace convoy::test {
namespace {

class ConvolutionTf32Test : public ::testing::Test {
 protected:
  template <class Arguments>
  void run(const Arguments& arguments) {
    const Array scratch = Array::filled({static_cast<int64_t>(ops_.scratch_bytes(arguments))}, DType::u8, 255);
    ops_.run(test_stream(), arguments, scratch);
    test_stream().synchronize();
  }
  void run_all(const ConvolutionCase& c) {
    run(c.forward());
    run(c.backward_input());
    run(c.backward_weight());
  }

 private:
  cuda::CudaOps ops_{size_t{48} << 10, /*tf32=*/true};
};

Array rounded_to_bf16(const Array& array) {
  const Array narrow(array.tensor().shape, DType::bf16, array.values());
  return Array(array.tensor().shape, DType::f32, narrow.values());
}

// What has no more than 8 bits of mantissa is rounded by nothing.
TEST_F(ConvolutionTf32Test, ProductsOfShortNumbersAreExact) {
  for (const ConvolutionOptions& options : convolutions(DType::f32)) {
    SCOPED_TRACE(to_string(options));
    ConvolutionCase c(options);
    for (Array* array : {&c.x, &c.weight, &c.dy}) *array = rounded_to_bf16(*array);
    run_all(c);
    c.expect_right(2e-5);
  }
}

// 1 + 2^-11 is as near to 1 as to 1 + 2^-10; ties go away from zero.
TEST_F(ConvolutionTf32Test, OperandsAreRounded) {
  ConvolutionCase c({.B = 1, .H = 8, .W = 8, .Cin = 8, .Cout = 8, .bias = false});
  c.x = Array::filled(c.x.tensor().shape, DType::f32, 1 + 0x1p-11);
  c.weight = Array::filled(c.weight.tensor().shape, DType::f32, 1 - 0x1p-12);
  run(c.forward());
  const Values y = c.y.values();
  EXPECT_EQ(*std::ranges::max_element(y), 72 * (1 + 0x1p-10));  // away from the border: nine taps of eight channels
}

}  // namespace
}  // namespace convoy::test
