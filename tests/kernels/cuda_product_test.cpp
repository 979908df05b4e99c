// Products whose fused form cuBLASLt does not offer after all, in no more scratch than was planned for it.
#include "kernels/cuda/cuda_product.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/ops/ops.h"
#include "kernels/cuda/cuda_device.h"
#include "kernels/cuda/cuda_products.h"
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

// What the heuristic is asked for it cannot see the address of.
TEST(CudaProduct, IsNotFusedWithABiasThatNoVectorReads) {
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const int64_t offset : {int64_t{1}, int64_t{2}}) {
      MatmulCase the_case({.M = 70, .N = 24, .K = 40, .input = dtype, .output = dtype, .bias = true});
      test::MirroredTensor bias({24}, dtype, offset);
      for (int64_t n = 0; n < 24; ++n) bias.set(n, the_case.bias.at(n));
      the_case.bias = std::move(bias);
      the_case.run();
      the_case.expect_right();
    }
}

// The environment offers kOffered algorithms for each product, and counts their time.
constexpr size_t kOffered = 4;

TEST(ProductChoices, EveryCandidateIsRightAndCanBeWrittenDown) {
  const cuda::CublasLt cublaslt = cuda::open_cublaslt();
  const cuda::CudaProduct::Options with{.cublaslt = cublaslt.get()};
  std::vector<MatmulOptions> products = rounded_products();
  products.push_back({.M = 131, .N = 24, .K = 40, .a_transposed = true, .accumulate = true, .more_columns = 125});
  products.push_back({.M = 70, .N = 24, .K = 40, .a_transposed = true, .accumulate = true, .column_sums = true});
  for (const MatmulOptions& options : products) {
    SCOPED_TRACE(to_string(options));
    MatmulCase the_case(options);
    const cuda::CudaProductShape shape = cuda::cuda_product_shape(the_case.args());
    const std::vector<cuda::ProductChoice> candidates = cuda::CudaProduct::candidates(shape, with);
    const bool sums = options.column_sums && options.output == DType::f32;  // BGRADA writes them in c's type
    EXPECT_EQ(candidates.size(), (sums ? 2 : 1) * kOffered);
    for (const cuda::ProductChoice& candidate : candidates) {
      const cuda::ProductChoice again = cuda::ProductChoice::parse(candidate.text());
      EXPECT_EQ(again.text(), candidate.text());
      const cuda::CudaProduct product(shape, with, again);
      MatmulCase one(options);
      run(product, one, product.scratch().all());
      one.expect_right();
    }
  }
  for (const char* text : {"", "fast", "fused 12", "fused 000000000000000x"})
    EXPECT_THROW(cuda::ProductChoice::parse(text), InternalError) << text;
}

TEST(ProductChoices, OfAnotherCublasltAreRefused) {
  const cuda::CublasLt cublaslt = cuda::open_cublaslt();
  const MatmulCase the_case({.M = 70, .N = 24, .K = 40});
  const cuda::CudaProductShape shape = cuda::cuda_product_shape(the_case.args());
  const cuda::ProductChoice unknown{cuda::ProductWay::fused, {cuda::ProductAlgorithm{}}};
  EXPECT_THROW(cuda::CudaProduct(shape, {.cublaslt = cublaslt.get()}, unknown), InternalError);
  cuda::CudaProducts products(false);
  Matmul planned = the_case.args();
  for (Tensor* tensor : {&planned.a, &planned.b, &planned.c}) tensor->data = nullptr;
  products.scratch_bytes(planned);
  EXPECT_EQ(products.adopt({{shape.text(), unknown.text()}, {"another shape", "fused"}}), 1u);
}

// Bits of a product by these products' plan.
std::vector<std::byte> bits_by(cuda::CudaProducts& products, const MatmulOptions& options) {
  MatmulCase the_case(options);
  the_case.run([&](const Matmul& args) {
    const size_t bytes = products.scratch_bytes(args);
    const test::TestMemory scratch(bytes);
    products.run(test::test_stream(), args, {scratch.data(), DType::u8, {static_cast<int64_t>(bytes)}});
    test::test_stream().synchronize();
  });
  the_case.expect_right();
  return the_case.c.bits();
}

TEST(ProductChoices, AreMadeByTimeOnceAndTakenAgain) {
  std::vector<MatmulOptions> all;
  for (const int64_t K : {40, 333, 1000}) all.push_back({.M = 70, .N = 24, .K = K});
  cuda::CudaProducts timed(false), later(false), untimed(false);
  for (const MatmulOptions& options : all) {
    Matmul planned = MatmulCase(options).args();
    for (Tensor* tensor : {&planned.a, &planned.b, &planned.c}) tensor->data = nullptr;
    for (cuda::CudaProducts* products : {&timed, &later}) products->scratch_bytes(planned);
  }
  timed.choose_by_time(test::test_stream());
  const OperatorChoices chosen = timed.choices();
  ASSERT_EQ(chosen.size(), all.size());
  EXPECT_EQ(later.adopt(chosen), 0u);
  later.choose_by_time(test::test_stream());
  EXPECT_EQ(later.choices(), chosen) << "what is chosen stays";
  bool differs = false;
  for (const MatmulOptions& options : all) {
    EXPECT_EQ(bits_by(timed, options), bits_by(later, options)) << to_string(options);
    differs = differs || bits_by(timed, options) != bits_by(untimed, options);
  }
  EXPECT_TRUE(differs) << "no product is faster than as the heuristic would have it: nothing is tested";
}

TEST(CudaOps, HeadsMakeLogitsInWholeTiles) {
  const std::unique_ptr<Ops> planning = cuda::make_planning_ops();
  const PreferredMatrices& matrices = planning->preferred_matrices();
  EXPECT_EQ(matrices.column_unit % 128, 0);
  EXPECT_EQ(matrices.rows_at_a_time(65536, 50304 * 2), 8192);
  EXPECT_EQ(matrices.rows_at_a_time(65536, 128256 * 2) % 128, 0);
  EXPECT_GT(matrices.rows_at_a_time(65536, 128256 * 2), 4000);
  EXPECT_EQ(matrices.rows_at_a_time(100, 50304 * 2), 100);
  EXPECT_EQ(matrices.rows_at_a_time(65536, size_t{1} << 31), 128);
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
