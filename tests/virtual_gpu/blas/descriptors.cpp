#include "tests/virtual_gpu/blas/descriptors.h"

#include <cstring>
#include <new>

#include "tests/virtual_gpu/blas/element.h"

namespace convoy::vgpu {
size_t MatrixLayout::bytes() const {
  if (!rows || !columns) return 0;
  const uint64_t lines = row_major() ? rows : columns, line = row_major() ? columns : rows;
  return (static_cast<uint64_t>(ld) * (lines - 1) + line) * element_bytes(data_type());
}

namespace {
struct Field {  // where an attribute lives; bytes 0: unknown attribute
  void* data = nullptr;
  size_t bytes = 0;
};
template <class T>
Field field(T& value) {
  return {&value, sizeof value};
}

Field find(MatmulDesc& d, cublasLtMatmulDescAttributes_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE:
      return field(d.compute);
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
      return field(d.scale_type);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return field(d.pointer_mode);
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return field(d.transpose_a);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return field(d.transpose_b);
    case CUBLASLT_MATMUL_DESC_TRANSC:
      return field(d.transpose_c);
    case CUBLASLT_MATMUL_DESC_FILL_MODE:
      return field(d.fill_mode);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return field(d.epilogue);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return field(d.bias);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
      return field(d.bias_batch_stride);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return field(d.bias_type);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
      return field(d.aux);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
      return field(d.aux_ld);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
      return field(d.aux_batch_stride);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE:
      return field(d.aux_type);
    case CUBLASLT_MATMUL_DESC_FAST_ACCUM:
      return field(d.fast_accumulation);
    default:
      return {};
  }
}

Field find(MatrixLayout& l, cublasLtMatrixLayoutAttribute_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return field(l.type);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return field(l.order);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return field(l.rows);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return field(l.columns);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return field(l.ld);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return field(l.batch_count);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return field(l.batch_stride);
    default:
      return {};
  }
}

Field find(MatmulPreference& p, cublasLtMatmulPreferenceAttributes_t attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_SEARCH_MODE:
      return field(p.search_mode);
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return field(p.max_workspace_bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return field(p.reduction_schemes);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return field(p.alignment_a);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return field(p.alignment_b);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return field(p.alignment_c);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return field(p.alignment_d);
    case CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT:
      return field(p.max_waves);
    case CUBLASLT_MATMUL_PREF_IMPL_MASK:
      return field(p.implementations);
    default:
      return {};
  }
}

// The size has to be the attribute's, as in the real library.
template <class Handle, class Attribute>
cublasStatus_t set(Handle handle, Attribute attribute, const void* from, size_t bytes) {
  const Field f = find(of(handle), attribute);
  if (!f.data) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (!from || bytes != f.bytes) return CUBLAS_STATUS_INVALID_VALUE;
  memcpy(f.data, from, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

template <class Handle, class Attribute>
cublasStatus_t get(Handle handle, Attribute attribute, void* to, size_t bytes, size_t* written) {
  const Field f = find(of(handle), attribute);
  if (!f.data) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (written) *written = f.bytes;
  if (bytes == 0) return written ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
  if (!to || bytes != f.bytes) return CUBLAS_STATUS_INVALID_VALUE;
  memcpy(to, f.data, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

template <class Contents, class Opaque>
cublasStatus_t init(Opaque* opaque, size_t bytes, const Contents& contents) {
  static_assert(sizeof(Contents) <= sizeof(Opaque) && alignof(Contents) <= alignof(Opaque));
  if (!opaque || bytes < sizeof(Contents)) return CUBLAS_STATUS_INVALID_VALUE;
  new (opaque) Contents(contents);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t init_desc(cublasLtMatmulDesc_t desc, size_t bytes, cublasComputeType_t compute, cudaDataType_t scale) {
  if (scale != CUDA_R_32F) return CUBLAS_STATUS_NOT_SUPPORTED;
  return init(desc, bytes, MatmulDesc{.compute = compute, .scale_type = scale});
}

cublasStatus_t init_layout(cublasLtMatrixLayout_t layout, size_t bytes, cudaDataType_t type, uint64_t rows,
                           uint64_t columns, int64_t ld) {
  return init(layout, bytes, MatrixLayout{.type = type, .rows = rows, .columns = columns, .ld = ld});
}
}  // namespace
}  // namespace convoy::vgpu

using namespace convoy::vgpu;

extern "C" {
cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t desc, size_t bytes, cublasComputeType_t compute,
                                               cudaDataType_t scale) {
  return init_desc(desc, bytes, compute, scale);
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t compute, cudaDataType_t scale) {
  *desc = new cublasLtMatmulDescOpaque_t;
  const cublasStatus_t status = init_desc(*desc, sizeof **desc, compute, scale);
  if (status == CUBLAS_STATUS_SUCCESS) return status;
  delete *desc;
  *desc = nullptr;
  return status;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete desc;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                                              const void* from, size_t bytes) {
  return set(desc, attribute, from, bytes);
}
cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute,
                                              void* to, size_t bytes, size_t* written) {
  return get(desc, attribute, to, bytes, written);
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t layout, size_t bytes, cudaDataType_t type,
                                                 uint64_t rows, uint64_t columns, int64_t ld) {
  return init_layout(layout, bytes, type, rows, columns, ld);
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t ld) {
  *layout = new cublasLtMatrixLayoutOpaque_t;
  return init_layout(*layout, sizeof **layout, type, rows, columns, ld);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, const void* from,
                                                size_t bytes) {
  return set(layout, attribute, from, bytes);
}
cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t layout,
                                                cublasLtMatrixLayoutAttribute_t attribute, void* to, size_t bytes,
                                                size_t* written) {
  return get(layout, attribute, to, bytes, written);
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t preference, size_t bytes) {
  return init(preference, bytes, MatmulPreference{});
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  *preference = new cublasLtMatmulPreferenceOpaque_t;
  return init(*preference, sizeof **preference, MatmulPreference{});
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* from,
                                                    size_t bytes) {
  return set(preference, attribute, from, bytes);
}
cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, void* to,
                                                    size_t bytes, size_t* written) {
  return get(preference, attribute, to, bytes, written);
}
}
