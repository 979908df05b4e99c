#include "kernels/cuda/cuda_check.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/logging.h"

namespace convoy::cuda {

namespace {
std::string explain(cudaError_t status, const char* call) {
  return fmt::format("{} failed: {} ({}, {})", call, cudaGetErrorString(status), cudaGetErrorName(status),
                     static_cast<int>(status));
}
}  // namespace

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw InternalError(explain(status, call));
}

void warn(cudaError_t status, const char* call) noexcept {
  if (status != cudaSuccess) logging::warn("{}", explain(status, call));
}

}  // namespace convoy::cuda
