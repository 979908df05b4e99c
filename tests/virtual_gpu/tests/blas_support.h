// One call of cublasLtMatmul on the device, and the same by plain loops in double.
#pragma once

#include <cublasLt.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tests/virtual_gpu/tests/check.h"

namespace convoy::virtual_gpu_test {

struct MatmulSpec {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  cudaDataType_t input = CUDA_R_32F, output = CUDA_R_32F;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  float alpha = 1, beta = 0;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  int64_t padding = 0;  // of every leading dimension
  bool row_major = false;
  int batch = 1;
  size_t max_workspace_bytes = 1 << 20;

  std::string name() const;
};

// Values that are exact in the type of their matrix. Matrices are dense, column after column, as stored (before op),
// one of a batch after the other.
struct MatmulData {
  std::vector<float> a, b, c, bias, aux;
  explicit MatmulData(const MatmulSpec& spec);
};

struct MatmulResult {
  std::vector<float> d, bias, aux;  // bias and aux: after the call
};

// Values a, b ... rounded to a type.
std::vector<float> rounded(const std::vector<float>& values, cudaDataType_t type);

// Runs it on the NULL stream and checks on the way that the gaps between columns of the result are left alone.
MatmulResult run_matmul(const MatmulSpec& spec, const MatmulData& data);
MatmulResult plain_matmul(const MatmulSpec& spec, const MatmulData& data);

// Fails unless found and wanted agree as far as the spec's output type allows.
void expect_near(const MatmulSpec& spec, const char* what, const std::vector<float>& found,
                 const std::vector<float>& wanted);
// Runs the spec and compares everything with the plain loops.
void expect_matmul(const MatmulSpec& spec);

// The library's objects for a spec, for tests of single calls. Freed at the end of the scope.
class MatmulObjects {
 public:
  explicit MatmulObjects(const MatmulSpec& spec);
  MatmulObjects(const MatmulObjects&) = delete;
  MatmulObjects& operator=(const MatmulObjects&) = delete;
  ~MatmulObjects();

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) {
    EXPECT_EQ(cublasLtMatmulDescSetAttribute(desc, attribute, &value, sizeof value), CUBLAS_STATUS_SUCCESS);
  }
  template <class T>
  void prefer(cublasLtMatmulPreferenceAttributes_t attribute, const T& value) {
    EXPECT_EQ(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value), CUBLAS_STATUS_SUCCESS);
  }
  // Asks the heuristic; true if it has an algorithm, which `chosen` then holds.
  bool choose();

  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  cublasLtMatrixLayout_t a = nullptr, b = nullptr, c = nullptr, d = nullptr;
  cublasLtMatmulPreference_t preference = nullptr;
  cublasLtMatmulHeuristicResult_t chosen = {};
};

// Leading dimensions in the spec's layouts.
int64_t ld_of(const MatmulSpec& spec, int64_t rows, int64_t columns);

}  // namespace convoy::virtual_gpu_test
