// Every epilogue of the cuBLASLt stand-in, one by one, against plain loops: shapes without symmetry, all transposes,
// gaps between columns, every combination of types, accumulation.
#include <cmath>

#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

struct Types {
  cudaDataType_t input, output;
};
constexpr Types kTypes[] = {
    {CUDA_R_32F, CUDA_R_32F}, {CUDA_R_16BF, CUDA_R_16BF}, {CUDA_R_16BF, CUDA_R_32F}, {CUDA_R_16F, CUDA_R_16F}};

void expect_everywhere(uint32_t epilogue) {
  for (const Types& types : kTypes)
    for (const bool transpose_a : {false, true})
      for (const bool transpose_b : {false, true}) {
        MatmulSpec spec{.m = 24, .n = 13, .k = 40, .transpose_a = transpose_a, .transpose_b = transpose_b};
        spec.input = types.input;
        spec.output = types.output;
        spec.epilogue = epilogue;
        expect_matmul(spec);
        spec.m = 19;
        spec.padding = 5;
        spec.alpha = 0.75f;
        expect_matmul(spec);
        spec.beta = 1;
        expect_matmul(spec);
      }
}

CASE(epilogue_default) { expect_everywhere(CUBLASLT_EPILOGUE_DEFAULT); }
CASE(epilogue_bias) { expect_everywhere(CUBLASLT_EPILOGUE_BIAS); }
CASE(epilogue_relu) { expect_everywhere(CUBLASLT_EPILOGUE_RELU); }
CASE(epilogue_relu_bias) { expect_everywhere(CUBLASLT_EPILOGUE_RELU_BIAS); }
CASE(epilogue_gelu) { expect_everywhere(CUBLASLT_EPILOGUE_GELU); }
CASE(epilogue_gelu_bias) { expect_everywhere(CUBLASLT_EPILOGUE_GELU_BIAS); }
CASE(epilogue_gelu_aux) { expect_everywhere(CUBLASLT_EPILOGUE_GELU_AUX); }
CASE(epilogue_gelu_aux_bias) { expect_everywhere(CUBLASLT_EPILOGUE_GELU_AUX_BIAS); }
CASE(epilogue_dgelu) { expect_everywhere(CUBLASLT_EPILOGUE_DGELU); }
CASE(epilogue_dgelu_bgrad) { expect_everywhere(CUBLASLT_EPILOGUE_DGELU_BGRAD); }
CASE(epilogue_bgrada) { expect_everywhere(CUBLASLT_EPILOGUE_BGRADA); }
CASE(epilogue_bgradb) { expect_everywhere(CUBLASLT_EPILOGUE_BGRADB); }

CASE(epilogues_in_a_batch) {
  for (const uint32_t epilogue :
       {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_GELU_AUX_BIAS, CUBLASLT_EPILOGUE_DGELU}) {
    MatmulSpec spec{.m = 9, .n = 7, .k = 11, .transpose_b = true};
    spec.epilogue = epilogue;
    spec.batch = 3;
    spec.beta = 0.5f;
    expect_matmul(spec);
  }
}

CASE(row_major_matrices) {
  for (const bool transpose : {false, true}) {
    MatmulSpec spec{.m = 10, .n = 23, .k = 17, .transpose_a = transpose, .transpose_b = !transpose};
    spec.padding = 3;
    spec.beta = 1;
    spec.row_major = true;
    expect_matmul(spec);
  }
}

// The product is of no use to the gradient of a bias: NaN there must not reach it.
CASE(nan_in_the_product_stays_there) {
  MatmulSpec spec{.m = 8, .n = 4, .k = 6};
  MatmulData data(spec);
  data.b[0] = NAN;  // b(0, 0): column 0 of the result
  const std::vector<float> found = run_matmul(spec, data).d;
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(std::isnan(found[i]), i < 8);
}
}  // namespace
