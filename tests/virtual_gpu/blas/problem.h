// One call of cublasLtMatmul, put together, and what the library demands of it.
#pragma once
#include <cublasLt.h>

#include <string>

#include "tests/virtual_gpu/blas/descriptors.h"
#include "tests/virtual_gpu/blas/epilogue.h"

namespace convoy::vgpu {
struct Problem {
  MatmulDesc desc;
  MatrixLayout a, b, c, d;
  Epilogue epilogue;
  int64_t m = 0, n = 0, k = 0;

  Problem(const MatmulDesc& desc, const MatrixLayout& a, const MatrixLayout& b, const MatrixLayout& c,
          const MatrixLayout& d);
  bool tf32() const { return desc.compute == CUBLAS_COMPUTE_32F_FAST_TF32; }
  cudaDataType_t bias_type() const;
  cudaDataType_t aux_type() const;
  // A leading dimension is no multiple of 16 bytes: a GPU has no fast algorithm for it ("Tensor Core Usage" in the
  // documentation of cuBLAS).
  bool misaligned() const;
  std::string name() const;  // for messages and the profile: shape, epilogue, types
};

struct Refusal {
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  std::string reason;
  explicit operator bool() const { return status != CUBLAS_STATUS_SUCCESS; }
};
// Why the library has no algorithm for the problem, if it has none.
Refusal check_problem(const Problem& problem);

// What the heuristic decided. Lives inside cublasLtMatmulAlgo_t.
struct Algorithm {
  uint64_t magic = 0;
  uint64_t workspace_bytes = 0;
  uint64_t parts = 1;  // of k, summed one by one and then added: algorithms differ in the last bits
  uint32_t alignment_a = 1, alignment_b = 1, alignment_c = 1, alignment_d = 1, alignment_bias = 1;
  uint32_t unused = 0;  // no byte is left as it was: programs keep and compare algorithms

  bool is_valid() const;
  // Number `index` of kMost at the most, as VGPU_ALGORITHMS says: 0 is what the heuristic thinks the best.
  static constexpr int kMost = 8;
  static Algorithm choose(const Problem& problem, const MatmulPreference& preference, int index = 0);
  static int offered(const Problem& problem);
  // What it is taken to cost where time is counted (VGPU_TIME=counted).
  double counted_ms(const Problem& problem) const;
};

struct Operands {
  const void *a, *b, *c;
  void* d;
  float alpha, beta;
  void* workspace;
  size_t workspace_bytes;
};
// Whether pointers are as the algorithm was promised.
Refusal check_operands(const Problem& problem, const Algorithm& algorithm, const Operands& operands);
}  // namespace convoy::vgpu
