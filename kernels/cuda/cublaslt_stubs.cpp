// The functions of cuBLASLt that we call, each of which loads the library when it is first called. Linked as others are
// it would be loaded, and its tens of megabytes of tables of kernels be set right, at the start of every command: 0.15
// s of each on machines without a GPU.
#include <cublasLt.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

#include "core/base/error.h"

namespace {

using convoy::ConfigError;

// As the loader would search, LD_LIBRARY_PATH first, then where it was when this program was built. It stays loaded.
void* load_cublaslt() {
  const std::string name = fmt::format("libcublasLt.so.{}", CUBLAS_VER_MAJOR);
  if (void* library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  const std::string why = ::dlerror();
  if (void* library = ::dlopen((CONVOY_CUBLASLT_FOLDER "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  throw ConfigError(fmt::format(
      "cannot load cuBLASLt, by which the CUDA device multiplies: {}; install libcublas of CUDA {}, name its "
      "folder in LD_LIBRARY_PATH, or compute with device=cpu",
      why, CUBLAS_VER_MAJOR));
}

// The function of that name, which has the type of its stand-in here.
template <class Function>
Function* find(Function*, const char* name) {
  static void* const library = load_cublaslt();
  void* symbol = ::dlsym(library, name);
  if (symbol == nullptr)
    throw ConfigError(fmt::format("this machine's cuBLASLt has no {}; install libcublas of CUDA {} or newer", name,
                                  CUBLAS_VER_MAJOR));
  return reinterpret_cast<Function*>(symbol);
}

}  // namespace

#define LOADED(name) static const auto name##_ = find(&name, #name)

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  LOADED(cublasLtCreate);
  return cublasLtCreate_(handle);
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  LOADED(cublasLtDestroy);
  return cublasLtDestroy_(handle);
}

size_t cublasLtGetVersion() {
  LOADED(cublasLtGetVersion);
  return cublasLtGetVersion_();
}

const char* cublasLtGetStatusName(cublasStatus_t status) {
  LOADED(cublasLtGetStatusName);
  return cublasLtGetStatusName_(status);
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_bytes,
                              cudaStream_t stream) {
  LOADED(cublasLtMatmul);
  return cublasLtMatmul_(handle, description, alpha, a, a_layout, b, b_layout, beta, c, c_layout, d, d_layout,
                         algorithm, workspace, workspace_bytes, stream);
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                       cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  LOADED(cublasLtMatmulAlgoCheck);
  return cublasLtMatmulAlgoCheck_(handle, description, a, b, c, d, algorithm, result);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  LOADED(cublasLtMatmulAlgoGetHeuristic);
  return cublasLtMatmulAlgoGetHeuristic_(handle, description, a, b, c, d, preference, wanted, results, found);
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* description, cublasComputeType_t compute_type,
                                        cudaDataType_t scale_type) {
  LOADED(cublasLtMatmulDescCreate);
  return cublasLtMatmulDescCreate_(description, compute_type, scale_type);
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description) {
  LOADED(cublasLtMatmulDescDestroy);
  return cublasLtMatmulDescDestroy_(description);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description,
                                              cublasLtMatmulDescAttributes_t attribute, const void* value,
                                              size_t bytes) {
  LOADED(cublasLtMatmulDescSetAttribute);
  return cublasLtMatmulDescSetAttribute_(description, attribute, value, bytes);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  LOADED(cublasLtMatmulPreferenceCreate);
  return cublasLtMatmulPreferenceCreate_(preference);
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  LOADED(cublasLtMatmulPreferenceDestroy);
  return cublasLtMatmulPreferenceDestroy_(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t attribute, const void* value,
                                                    size_t bytes) {
  LOADED(cublasLtMatmulPreferenceSetAttribute);
  return cublasLtMatmulPreferenceSetAttribute_(preference, attribute, value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t pitch) {
  LOADED(cublasLtMatrixLayoutCreate);
  return cublasLtMatrixLayoutCreate_(layout, type, rows, columns, pitch);
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  LOADED(cublasLtMatrixLayoutDestroy);
  return cublasLtMatrixLayoutDestroy_(layout);
}
