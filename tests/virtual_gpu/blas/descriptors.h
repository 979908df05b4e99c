// What a program describes by attributes: the operation, the layouts of its matrices, its wishes for an algorithm.
//
// Each lives inside the opaque struct of cublasLt.h, so that both Create and Init make one.
#pragma once
#include <cublasLt.h>

#include <cstdint>

namespace convoy::vgpu {
struct MatmulDesc {
  int32_t compute = CUBLAS_COMPUTE_32F;
  int32_t scale_type = CUDA_R_32F;
  int32_t pointer_mode = CUBLASLT_POINTER_MODE_HOST;
  int32_t transpose_a = CUBLAS_OP_N, transpose_b = CUBLAS_OP_N, transpose_c = CUBLAS_OP_N;
  int32_t fill_mode = CUBLAS_FILL_MODE_FULL;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  void* bias = nullptr;
  int64_t bias_batch_stride = 0;
  int32_t bias_type = -1;  // -1: the result's
  void* aux = nullptr;
  int64_t aux_ld = 0, aux_batch_stride = 0;
  int32_t aux_type = -1;
  int8_t fast_accumulation = 0;
};

struct MatrixLayout {
  uint32_t type = CUDA_R_32F;
  int32_t order = CUBLASLT_ORDER_COL;
  uint64_t rows = 0, columns = 0;
  int64_t ld = 0;
  int32_t batch_count = 1;
  int64_t batch_stride = 0;  // elements

  cudaDataType_t data_type() const { return static_cast<cudaDataType_t>(type); }
  bool row_major() const { return order == CUBLASLT_ORDER_ROW; }
  int64_t row_stride() const { return row_major() ? ld : 1; }
  int64_t column_stride() const { return row_major() ? 1 : ld; }
  size_t bytes() const;  // from the first to the last element of one matrix
};

struct MatmulPreference {
  uint32_t search_mode = 0, reduction_schemes = 0;
  uint64_t max_workspace_bytes = 0;
  uint32_t alignment_a = 256, alignment_b = 256, alignment_c = 256, alignment_d = 256;
  float max_waves = 0;
  uint64_t implementations = 0;
};

inline MatmulDesc& of(cublasLtMatmulDesc_t d) { return *reinterpret_cast<MatmulDesc*>(d); }
inline MatrixLayout& of(cublasLtMatrixLayout_t l) { return *reinterpret_cast<MatrixLayout*>(l); }
inline MatmulPreference& of(cublasLtMatmulPreference_t p) { return *reinterpret_cast<MatmulPreference*>(p); }
}  // namespace convoy::vgpu
