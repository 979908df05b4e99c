// cublasLtMatmul and the choice of its algorithm.
//
// There are as many algorithms as VGPU_ALGORITHMS says; the heuristic hands them out with a workspace and with the
// alignments that it was told of, and cublasLtMatmul holds the caller to both, as real kernels would.
#include <cublasLt.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/virtual_gpu/blas/problem.h"
#include "tests/virtual_gpu/blas/run_problem.h"
#include "tests/virtual_gpu/blas/unkind.h"

using namespace convoy::vgpu;

namespace {
static_assert(sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t));

Algorithm algorithm_in(const cublasLtMatmulAlgo_t& opaque) {
  Algorithm algorithm;
  memcpy(static_cast<void*>(&algorithm), &opaque, sizeof algorithm);
  return algorithm;
}

// With what the heuristic refuses each epilogue but the plain one: VGPU_REFUSE_EPILOGUES, a cublasStatus_t.
cublasStatus_t refused_epilogues() {
  static const char* const text = getenv("VGPU_REFUSE_EPILOGUES");
  return text ? static_cast<cublasStatus_t>(atoi(text)) : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t refuse(const Problem& problem, const Refusal& refusal) {
  fprintf(stderr, "vgpu: %s is refused: %s\n", problem.name().c_str(), refusal.reason.c_str());
  return refusal.status;
}

// Without an algorithm the library chooses one for the workspace and the pointers of the call.
Algorithm choose_for_call(const Problem& problem, size_t workspace_bytes) {
  MatmulPreference preference;
  preference.max_workspace_bytes = workspace_bytes;
  const auto bytes_of = [](const MatrixLayout& l) { return l.data_type() == CUDA_R_32F ? 4u : 2u; };
  preference.alignment_a = preference.alignment_b = bytes_of(problem.a);
  preference.alignment_c = preference.alignment_d = bytes_of(problem.d);
  return Algorithm::choose(problem, preference);
}
}  // namespace

extern "C" {
// No algorithm is no error: the caller has to look at *count.
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t* results, int* count) {
  if (count) *count = 0;
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!desc || !a || !b || !c || !d || !preference || !results || !count || wanted < 1)
    return CUBLAS_STATUS_INVALID_VALUE;
  const Problem problem(of(desc), of(a), of(b), of(c), of(d));
  if (const Refusal refusal = check_problem(problem)) return refusal.status;
  if (problem.desc.epilogue != CUBLASLT_EPILOGUE_DEFAULT && refused_epilogues() != CUBLAS_STATUS_SUCCESS)
    return refused_epilogues();
  if (const cublasStatus_t refusal = chance_of_refusal(problem); refusal != CUBLAS_STATUS_SUCCESS) return refusal;
  *count = std::min(wanted, Algorithm::offered(problem));
  for (int index = 0; index < *count; ++index) {
    const Algorithm algorithm = Algorithm::choose(problem, of(preference), index);
    memset(&results[index], 0, sizeof results[index]);
    if (is_invalid_result(problem, index)) {
      results[index].state = CUBLAS_STATUS_NOT_SUPPORTED;
      continue;
    }
    memcpy(&results[index].algo, &algorithm, sizeof algorithm);
    results[index].workspaceSize = algorithm.workspace_bytes;
    results[index].state = CUBLAS_STATUS_SUCCESS;
    results[index].wavesCount = 1;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
                                       cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t* algo, cublasLtMatmulHeuristicResult_t* result) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  const Algorithm algorithm = algorithm_in(*algo);
  if (!algorithm.is_valid()) return CUBLAS_STATUS_INVALID_VALUE;
  if (const Refusal refusal = check_problem(Problem(of(desc), of(a), of(b), of(c), of(d)))) return refusal.status;
  result->workspaceSize = algorithm.workspace_bytes;
  result->state = CUBLAS_STATUS_SUCCESS;
  result->wavesCount = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void* alpha, const void* a,
                              cublasLtMatrixLayout_t a_layout, const void* b, cublasLtMatrixLayout_t b_layout,
                              const void* beta, const void* c, cublasLtMatrixLayout_t c_layout, void* d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t* algo, void* workspace,
                              size_t workspace_bytes, cudaStream_t stream) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!desc || !alpha || !beta || !a_layout || !b_layout || !c_layout || !d_layout) return CUBLAS_STATUS_INVALID_VALUE;
  const Problem problem(of(desc), of(a_layout), of(b_layout), of(c_layout), of(d_layout));
  if (const Refusal refusal = check_problem(problem)) return refuse(problem, refusal);
  const Algorithm algorithm = algo ? algorithm_in(*algo) : choose_for_call(problem, workspace_bytes);
  if (!algorithm.is_valid())
    return refuse(problem, {CUBLAS_STATUS_INVALID_VALUE, "the algorithm is not one that the heuristic gave"});
  Operands operands{.a = a, .b = b, .c = c, .d = d, .workspace = workspace, .workspace_bytes = workspace_bytes};
  memcpy(&operands.alpha, alpha, sizeof operands.alpha);
  memcpy(&operands.beta, beta, sizeof operands.beta);
  if (const Refusal refusal = check_operands(problem, algorithm, operands)) return refuse(problem, refusal);
  enqueue_problem(stream, problem, algorithm, operands);
  return CUBLAS_STATUS_SUCCESS;
}
}
