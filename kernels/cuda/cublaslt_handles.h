// Owners of cuBLASLt's objects, and the check of its calls.
#pragma once

#include <cublasLt.h>

#include "core/base/owned.h"

namespace convoy::cuda {

// InternalError: "cublasLtMatmul(...) failed: CUBLAS_STATUS_NOT_SUPPORTED (15)".
void check_cublas(cublasStatus_t status, const char* call);
#define CUBLAS_CHECK(call) ::convoy::cuda::check_cublas((call), #call)

inline void close_cublaslt(cublasLtHandle_t h) noexcept { (void)cublasLtDestroy(h); }
inline void close_description(cublasLtMatmulDesc_t d) noexcept { (void)cublasLtMatmulDescDestroy(d); }
inline void close_layout(cublasLtMatrixLayout_t l) noexcept { (void)cublasLtMatrixLayoutDestroy(l); }
inline void close_preference(cublasLtMatmulPreference_t p) noexcept { (void)cublasLtMatmulPreferenceDestroy(p); }

using CublasLt = Owned<cublasLtHandle_t, close_cublaslt>;
using MatmulDescription = Owned<cublasLtMatmulDesc_t, close_description>;
using MatrixLayout = Owned<cublasLtMatrixLayout_t, close_layout>;
using MatmulPreference = Owned<cublasLtMatmulPreference_t, close_preference>;

CublasLt open_cublaslt();
// 130002: 13.0.2. Loads the library.
size_t cublaslt_version();

template <class Value>
void set(const MatmulDescription& description, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  CUBLAS_CHECK(cublasLtMatmulDescSetAttribute(description.get(), attribute, &value, sizeof value));
}
template <class Value>
void set(const MatmulPreference& preference, cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
  CUBLAS_CHECK(cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof value));
}

}  // namespace convoy::cuda
