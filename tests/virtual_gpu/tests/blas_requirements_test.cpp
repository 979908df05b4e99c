// What the cuBLASLt stand-in refuses, as the real library does: each refusal beside a call that differs from it in that
// one respect and succeeds.
#include <utility>

#include "tests/virtual_gpu/tests/blas_support.h"

namespace {
using namespace convoy::virtual_gpu_test;

constexpr MatmulSpec kSpec{.m = 16, .n = 8, .k = 24};
constexpr float kOne = 1, kZero = 0;

bool has_algorithm(const MatmulSpec& spec) { return MatmulObjects(spec).choose(); }

// A call with memory of its own, whose pointers a test may move.
struct Call {
  explicit Call(const MatmulSpec& spec)
      : objects(spec), memory(6 << 20), a(at(0)), b(at(1)), d(at(2)), bias(at(3)), aux(at(4)), workspace(at(5)) {
    objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, spec.m);
  }
  char* at(int megabyte) { return memory.data() + (megabyte << 20); }

  cublasStatus_t run() {
    EXPECT(objects.choose());
    return run_chosen();
  }
  cublasStatus_t run_chosen() {
    objects.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, aux);
    const size_t bytes = workspace_bytes >= 0 ? static_cast<size_t>(workspace_bytes) : objects.chosen.workspaceSize;
    return cublasLtMatmul(objects.handle, objects.desc, &kOne, a, objects.a, b, objects.b, &kZero, d, objects.c, d,
                          objects.d, &objects.chosen.algo, workspace, bytes, nullptr);
  }

  MatmulObjects objects;
  DeviceArray<char> memory;
  char *a, *b, *d, *bias, *aux, *workspace;
  int64_t workspace_bytes = -1;  // -1: as many as the heuristic said
};

CASE(operands_have_to_be_aligned_as_the_heuristic_was_told) {
  EXPECT_EQ(Call(kSpec).run(), CUBLAS_STATUS_SUCCESS);
  for (char* Call::*operand : {&Call::a, &Call::b, &Call::d}) {
    Call call(kSpec);
    call.*operand += 16;
    EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);  // 256 bytes unless told otherwise
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      call.objects.prefer(attribute, uint32_t{16});
    EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
    call.*operand += 4;
    EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);
  }
}

CASE(the_workspace_has_to_be_there_aligned_and_large_enough) {
  Call call(kSpec);
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  EXPECT(call.objects.chosen.workspaceSize > 0);
  call.workspace_bytes = static_cast<int64_t>(call.objects.chosen.workspaceSize) - 1;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);
  call.workspace_bytes = -1;
  call.workspace += 128;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);
  call.workspace = nullptr;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);
}

CASE(no_workspace_allowed_means_none_needed) {
  MatmulSpec spec = kSpec;
  spec.max_workspace_bytes = 0;
  Call call(spec);
  call.workspace = nullptr;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(call.objects.chosen.workspaceSize, size_t{0});
}

CASE(epilogue_aux_has_to_be_aligned_and_its_leading_dimension_a_multiple_of_8) {
  MatmulSpec spec = kSpec;
  spec.epilogue = CUBLASLT_EPILOGUE_GELU_AUX;
  Call call(spec);
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  call.aux += 8;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_INVALID_VALUE);
  call.aux += 8;
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  for (const int64_t ld : {20, 8, 0}) {
    call.objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, ld);
    EXPECT(!call.objects.choose());
  }
  call.objects.set(CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, int64_t{24});
  EXPECT(call.objects.choose());
}

CASE(the_bias_has_the_type_of_the_result) {
  MatmulSpec spec = kSpec;
  spec.input = CUDA_R_16BF;
  for (const uint32_t epilogue : {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_BGRADA}) {
    spec.epilogue = epilogue;
    for (const cudaDataType_t result : {CUDA_R_32F, CUDA_R_16BF}) {
      spec.output = result;
      MatmulObjects objects(spec);
      EXPECT(objects.choose());
      objects.set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_16BF);
      EXPECT_EQ(objects.choose(), result == CUDA_R_16BF);
      objects.set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, CUDA_R_32F);
      EXPECT_EQ(objects.choose(), result == CUDA_R_32F);
    }
  }
}

CASE(the_bias_has_to_be_there_and_aligned_as_the_heuristic_saw_it) {
  MatmulSpec spec = kSpec;
  spec.epilogue = CUBLASLT_EPILOGUE_BIAS;
  Call call(spec);
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  call.bias += 4;
  EXPECT_EQ(call.run_chosen(), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);  // chosen for this pointer
  call.bias = nullptr;
  EXPECT_EQ(call.run_chosen(), CUBLAS_STATUS_INVALID_VALUE);
}

CASE(some_combinations_have_no_algorithm) {
  EXPECT(has_algorithm(kSpec));
  MatmulSpec spec = kSpec;
  spec.input = CUDA_R_32F;
  spec.output = CUDA_R_16BF;  // f32 operands, bf16 result
  EXPECT(!has_algorithm(spec));
  spec = kSpec;
  spec.input = spec.output = CUDA_R_16BF;
  EXPECT(has_algorithm(spec));
  spec.compute = CUBLAS_COMPUTE_32F_FAST_TF32;  // is for f32 operands
  EXPECT(!has_algorithm(spec));
  spec = kSpec;
  spec.epilogue = CUBLASLT_EPILOGUE_RELU_AUX;
  EXPECT(!has_algorithm(spec));
  spec = kSpec;
  spec.row_major = true;
  EXPECT(has_algorithm(spec));
  spec.epilogue = CUBLASLT_EPILOGUE_BIAS;
  EXPECT(!has_algorithm(spec));
}

CASE(layouts_have_to_fit_each_other) {
  MatmulObjects objects(kSpec);
  const uint64_t rows = 23;  // of B: k is 24
  cublasLtMatrixLayoutSetAttribute(objects.b, CUBLASLT_MATRIX_LAYOUT_ROWS, &rows, sizeof rows);
  EXPECT(!objects.choose());
  MatmulObjects narrow(kSpec);
  const int64_t ld = 15;  // of D: m is 16
  cublasLtMatrixLayoutSetAttribute(narrow.d, CUBLASLT_MATRIX_LAYOUT_LD, &ld, sizeof ld);
  EXPECT(!narrow.choose());
}

CASE(attributes_have_their_size) {
  MatmulObjects objects(kSpec);
  const int64_t wide = CUBLAS_OP_T;
  EXPECT_EQ(cublasLtMatmulDescSetAttribute(objects.desc, CUBLASLT_MATMUL_DESC_TRANSA, &wide, sizeof wide),
            CUBLAS_STATUS_INVALID_VALUE);
  int32_t op = -1;
  size_t written = 0;
  EXPECT_EQ(cublasLtMatmulDescGetAttribute(objects.desc, CUBLASLT_MATMUL_DESC_TRANSA, &op, sizeof op, &written),
            CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(op, int32_t{CUBLAS_OP_N});
  EXPECT_EQ(written, sizeof op);
}

CASE(a_handle_is_needed) {
  Call call(kSpec);
  EXPECT_EQ(call.run(), CUBLAS_STATUS_SUCCESS);
  cublasLtHandle_t handle = nullptr;
  std::swap(handle, call.objects.handle);
  EXPECT_EQ(call.run_chosen(), CUBLAS_STATUS_NOT_INITIALIZED);
  std::swap(handle, call.objects.handle);
}
}  // namespace
