// The product of the cuBLASLt stand-in: every element is one chain of fused multiply-adds in the order of k, whatever
// the blocking, the transposes and the number of threads (CTest runs this with one and with four).
#include <cmath>
#include <cstring>

#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

float to_tf32(float x) {  // by arithmetic, not by bits: 10 bits after the first, ties away from zero
  int exponent;
  const float fraction = std::frexp(x, &exponent);  // in [0.5, 1)
  return std::ldexp(std::round(fraction * 2048) / 2048, exponent);
}

std::vector<float> chain(const MatmulSpec& s, const MatmulData& data) {
  const bool tf32 = s.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  std::vector<float> result(static_cast<size_t>(s.m * s.n));
  for (int64_t j = 0; j < s.n; ++j)
    for (int64_t i = 0; i < s.m; ++i) {
      float sum = 0;
      for (int64_t p = 0; p < s.k; ++p) {
        const float a = data.a[static_cast<size_t>(s.transpose_a ? i * s.k + p : p * s.m + i)];
        const float b = data.b[static_cast<size_t>(s.transpose_b ? p * s.n + j : j * s.k + p)];
        sum = tf32 ? std::fma(to_tf32(a), to_tf32(b), sum) : std::fma(a, b, sum);
      }
      result[static_cast<size_t>(j * s.m + i)] = sum;
    }
  return result;
}

void expect_chain(const MatmulSpec& spec) {
  const MatmulData data(spec);
  const std::vector<float> found = run_matmul(spec, data).d, wanted = chain(spec, data);
  if (found.size() != wanted.size() || memcmp(found.data(), wanted.data(), found.size() * sizeof(float)) != 0)
    fail(__FILE__, __LINE__, spec.name() + ": other bits");
}

CASE(products_have_known_bits) {
  for (const bool transpose_a : {false, true})
    for (const bool transpose_b : {false, true}) {
      // Beyond one block in each direction, and not multiples of the tile.
      expect_chain({.m = 203, .n = 391, .k = 259, .transpose_a = transpose_a, .transpose_b = transpose_b});
      expect_chain({.m = 5, .n = 1, .k = 600, .transpose_a = transpose_a, .transpose_b = transpose_b});
      expect_chain({.m = 1, .n = 50, .k = 1, .transpose_a = transpose_a, .transpose_b = transpose_b});
    }
}

CASE(bf16_operands_are_taken_as_they_are) {
  MatmulSpec spec{.m = 33, .n = 20, .k = 64};
  spec.input = CUDA_R_16BF;
  expect_chain(spec);
}

CASE(tf32_rounds_operands_to_ten_bits) {
  MatmulSpec spec{.m = 31, .n = 18, .k = 50, .transpose_a = true};
  spec.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  expect_chain(spec);
  const MatmulData data(spec);
  MatmulSpec exact = spec;
  exact.compute = CUBLAS_COMPUTE_32F;
  EXPECT(run_matmul(spec, data).d != run_matmul(exact, data).d);
}

CASE(tf32_ties_go_away_from_zero) {
  MatmulSpec spec{.m = 1, .n = 1, .k = 1};
  spec.compute = CUBLAS_COMPUTE_32F_FAST_TF32;
  MatmulData data(spec);
  data.b[0] = 1;
  const struct {
    float given, wanted;
  } cases[] = {
      {1 + 0x1p-11f, 1 + 0x1p-10f}, {-1 - 0x1p-11f, -1 - 0x1p-10f}, {1 + 0x1p-12f, 1}, {1 + 0x1p-10f, 1 + 0x1p-10f}};
  for (const auto& [given, wanted] : cases) {
    data.a[0] = given;
    EXPECT_EQ(run_matmul(spec, data).d[0], wanted);
  }
}

// Beta = 0 must not read C: NaN there would spread.
CASE(beta_zero_does_not_read_c) {
  const MatmulSpec spec{.m = 4, .n = 4, .k = 4};
  MatmulData data(spec);
  for (float& c : data.c) c = NAN;
  for (const float d : run_matmul(spec, data).d) EXPECT(!std::isnan(d));
}
}  // namespace
