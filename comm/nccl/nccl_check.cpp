#include "comm/nccl/nccl_check.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/logging.h"

namespace convoy::nccl {
namespace {

std::string message(ncclResult_t state, const char* call) { return fmt::format("{} failed: {}", call, explain(state)); }

std::string message(cudaError_t status, const char* call) {
  return fmt::format("{} failed: {} ({}, {})", call, cudaGetErrorString(status), cudaGetErrorName(status),
                     static_cast<int>(status));
}

}  // namespace

std::string explain(ncclResult_t state) {
  const std::string text = fmt::format("{} ({})", ncclGetErrorString(state), static_cast<int>(state));
  const char* last = ncclGetLastError(nullptr);  // of the process: the argument is not used
  return last == nullptr || *last == 0 ? text : fmt::format("{}. {}", text, last);
}

void check(ncclResult_t state, const char* call) {
  if (failed(state)) throw InternalError(message(state, call));
}

void warn(ncclResult_t state, const char* call) noexcept {
  if (failed(state)) logging::warn("{}", message(state, call));
}

void check(cudaError_t status, const char* call) {
  if (status != cudaSuccess) throw InternalError(message(status, call));
}

void warn(cudaError_t status, const char* call) noexcept {
  if (status != cudaSuccess) logging::warn("{}", message(status, call));
}

}  // namespace convoy::nccl
