// Products whose fused form cuBLASLt does not offer after all, in no more scratch than was planned for it.
#include "kernels/cuda/cuda_product.h"

#include <gtest/gtest.h>

#include "core/ops/ops.h"
#include "kernels/cuda/cuda_device.h"
#include "tests/kernels/matmul_case.h"

namespace convoy {
namespace {

using test::MatmulCase;
using test::MatmulOptions;

std::vector<MatmulOptions> rounded_products() {
  MatmulOptions plain{.M = 70, .N = 24, .K = 40, .input = DType::bf16, .output = DType::bf16};
  MatmulOptions forward = plain, backward = plain, transposed = plain, odd = plain, sums = plain;
  forward.bias = forward.pre_activation = true;
  forward.activation = Activation::gelu_tanh;
  backward.b_transposed = backward.pre_activation = true;
  backward.derivative_of = Activation::gelu_tanh;
  transposed.a_transposed = true;
  odd.M = 33;
  odd.N = 7;
  sums.column_sums = true;
  return {plain, forward, backward, transposed, odd, sums};
}

void run(const cuda::CudaProduct& product, MatmulCase& the_case, size_t scratch_bytes) {
  const test::TestMemory scratch(scratch_bytes);
  the_case.run([&](const Matmul& args) {
    product.run(test::test_stream(), args, {scratch.data(), DType::u8, {static_cast<int64_t>(scratch_bytes)}});
    test::test_stream().synchronize();
  });
}

TEST(CudaProduct, WithoutAFusedProductRowsAreMadeInTheWorkspace) {
  const cuda::CublasLt cublaslt = cuda::open_cublaslt();
  for (const MatmulOptions& options : rounded_products())
    for (const size_t workspace_bytes : {size_t{2048}, cuda::kMostWorkspaceBytes}) {
      SCOPED_TRACE(to_string(options));
      MatmulCase the_case(options);
      const cuda::CudaProduct product(
          cuda::cuda_product_shape(the_case.args()),
          {.cublaslt = cublaslt.get(), .most_workspace_bytes = workspace_bytes, .fused = false});
      const auto product_bytes = static_cast<size_t>(options.M * options.N * 4);
      EXPECT_EQ(product.scratch().rows < product_bytes, workspace_bytes == 2048 && options.M == 70) << "in strips";
      EXPECT_EQ(product.scratch().product, 0u);
      run(product, the_case, product.scratch().all());
      the_case.expect_right();
    }
}

TEST(CudaProduct, ScratchFollowsFromTheShape) {
  const std::unique_ptr<Ops> planning = cuda::make_planning_ops();
  for (MatmulOptions options : rounded_products())
    for (const DType output : {DType::f32, DType::bf16}) {
      options.output = output;
      const MatmulCase the_case(options);
      const size_t bytes = test::test_device().ops().scratch_bytes(the_case.args());
      EXPECT_EQ(planning->scratch_bytes(the_case.args()), bytes);
      EXPECT_LT(bytes, size_t{2} << 20) << "a small product in a small workspace";
    }
  MatmulCase huge({.M = 0, .N = 50257, .K = 8, .input = DType::bf16, .output = DType::bf16});
  Matmul args = huge.args();
  args.c.data = args.a.data = args.b.data = nullptr;
  args.c.shape = {1 << 20, 50257};
  args.a.shape = {1 << 20, 8};
  EXPECT_EQ(planning->scratch_bytes(args), cuda::kMostWorkspaceBytes);
}

}  // namespace
}  // namespace convoy
