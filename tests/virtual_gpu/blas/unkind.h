// What the library does in the unkind mode (runtime/unkind.h) that its documentation lets it do.
//
// NVIDIA, cuBLAS documentation:
// - cublasLtMatmulAlgoGetHeuristic: it may return fewer results than were asked for, or none;
// - cublasLtMatmulHeuristicResult_t: other fields are valid only where `state` is CUBLAS_STATUS_SUCCESS;
// - cublasLtMatmulAlgo_t: algorithms differ in how they split k, and so in the last bits;
// - cublasSetWorkspace: 32 MiB are recommended on Hopper.
#pragma once
#include "tests/virtual_gpu/blas/problem.h"

namespace convoy::vgpu {
// With what the heuristic refuses a problem with an epilogue, in half of the problems; kind: CUBLAS_STATUS_SUCCESS.
cublasStatus_t chance_of_refusal(const Problem& problem);
// Is the result with this number invalid? Never all of the plain product's.
bool is_invalid_result(const Problem& problem, int index);
// How many the heuristic offers of `most`, and which of them comes in place `index`.
int offered_by_chance(const Problem& problem, int most);
int algorithm_at(const Problem& problem, int index, int most);
// The most an algorithm asks for: 1 MiB where kind, up to 32 MiB where not.
uint64_t most_workspace_bytes(const Problem& problem);
}  // namespace convoy::vgpu
