#include "tests/virtual_gpu/blas/unkind.h"

#include <algorithm>

#include "tests/virtual_gpu/runtime/unkind.h"

namespace convoy::vgpu {
cublasStatus_t chance_of_refusal(const Problem& problem) {
  if (!is_unkind() || problem.desc.epilogue == CUBLASLT_EPILOGUE_DEFAULT) return CUBLAS_STATUS_SUCCESS;
  constexpr cublasStatus_t kAnswers[] = {CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_NOT_SUPPORTED,
                                         CUBLAS_STATUS_INVALID_VALUE};
  return kAnswers[chance("refusal of " + problem.name(), std::size(kAnswers))];
}

bool is_invalid_result(const Problem& problem, int index) {
  if (!is_unkind() || (index == 0 && problem.desc.epilogue == CUBLASLT_EPILOGUE_DEFAULT)) return false;
  return chance("result " + std::to_string(index) + " of " + problem.name(), 4) == 0;
}

int offered_by_chance(const Problem& problem, int most) {
  return 1 + static_cast<int>(chance("offers for " + problem.name(), static_cast<uint64_t>(most)));
}

int algorithm_at(const Problem& problem, int index, int most) {
  if (!is_unkind()) return index;
  return (index + static_cast<int>(chance("order for " + problem.name(), static_cast<uint64_t>(most)))) % most;
}

uint64_t most_workspace_bytes(const Problem& problem) {
  constexpr uint64_t kKind = 1 << 20, kMost = 32 << 20;
  return is_unkind() ? kMost >> chance("workspace of " + problem.name(), 6) : kKind;
}
}  // namespace convoy::vgpu
