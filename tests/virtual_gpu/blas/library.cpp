// Handles, versions and the names of statuses.
#include <cublasLt.h>

namespace {
struct StatusText {
  cublasStatus_t status;
  const char *name, *text;
};
#define STATUS_TEXT(status, text) \
  { status, #status, text }
constexpr StatusText kStatuses[] = {
    STATUS_TEXT(CUBLAS_STATUS_SUCCESS, "success"),
    STATUS_TEXT(CUBLAS_STATUS_NOT_INITIALIZED, "the library was not initialized"),
    STATUS_TEXT(CUBLAS_STATUS_ALLOC_FAILED, "the resource allocation failed"),
    STATUS_TEXT(CUBLAS_STATUS_INVALID_VALUE, "an invalid value was used as an argument"),
    STATUS_TEXT(CUBLAS_STATUS_ARCH_MISMATCH, "an absent device architectural feature is required"),
    STATUS_TEXT(CUBLAS_STATUS_MAPPING_ERROR, "an access to GPU memory space failed"),
    STATUS_TEXT(CUBLAS_STATUS_EXECUTION_FAILED, "the GPU program failed to execute"),
    STATUS_TEXT(CUBLAS_STATUS_INTERNAL_ERROR, "an internal operation failed"),
    STATUS_TEXT(CUBLAS_STATUS_NOT_SUPPORTED, "the requested functionality is not supported"),
};
#undef STATUS_TEXT

const StatusText* find(cublasStatus_t status) {
  for (const StatusText& s : kStatuses)
    if (s.status == status) return &s;
  return nullptr;
}
}  // namespace

extern "C" {
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = reinterpret_cast<cublasLtHandle_t>(new int(0));
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}

const char* cublasLtGetStatusName(cublasStatus_t status) {
  const StatusText* s = find(status);
  return s ? s->name : "unknown cuBLAS status";
}

const char* cublasLtGetStatusString(cublasStatus_t status) {
  const StatusText* s = find(status);
  return s ? s->text : "unknown cuBLAS status";
}

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }
size_t cublasLtGetCudartVersion() { return 13000; }
}
