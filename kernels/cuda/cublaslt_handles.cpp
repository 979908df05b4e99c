#include "kernels/cuda/cublaslt_handles.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy::cuda {

void check_cublas(cublasStatus_t status, const char* call) {
  if (status != CUBLAS_STATUS_SUCCESS)
    throw InternalError(
        fmt::format("{} failed: {} ({})", call, cublasLtGetStatusName(status), static_cast<int>(status)));
}

CublasLt open_cublaslt() {
  cublasLtHandle_t handle = nullptr;
  CUBLAS_CHECK(cublasLtCreate(&handle));
  return CublasLt(handle);
}

size_t cublaslt_version() { return cublasLtGetVersion(); }

}  // namespace convoy::cuda
