// What of a Matmul decides how cuBLASLt is to compute it, and the scratch that this takes.
//
// How much scratch a product wants follows from its shape alone, so that memory can be planned where there is no GPU
// and no cuBLASLt to ask: it has a workspace of its own, which its algorithm need not fill. Where the heuristic turns
// out not to offer the fused product that its documentation promises and c is bf16, a product in f32 of as many rows as
// fit into half of the workspace is made at a time.
#pragma once

#include <cstdint>
#include <string>

#include "core/ops/matmul.h"

namespace convoy::cuda {

// What of a Matmul decides its plan.
struct CudaProductShape {
  int64_t M = 0, N = 0, K = 0;
  int64_t a_columns = 0;  // of a as it lies in memory
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false;
  bool accumulate = false, bias = false, pre_activation = false, column_sums = false;
  Activation activation = Activation::none, derivative_of = Activation::none;
  // Bytes that addresses are multiples of, 16 at most. alignment_vectors: of bias and pre_activation.
  uint32_t alignment_a = 16, alignment_b = 16, alignment_c = 16, alignment_vectors = 16;

  bool elementwise() const {
    return activation != Activation::none || derivative_of != Activation::none || pre_activation;
  }
  bool empty() const { return M == 0 || N == 0 || K == 0; }
  bool operator==(const CudaProductShape&) const = default;
  // One word, of all of the above.
  std::string text() const;
};

// Throws InternalError, naming shapes, if the tensors do not fit together. Tensors without memory count as planned
// ones: they start aligned.
CudaProductShape cuda_product_shape(const Matmul& args);

// The cublasLtEpilogue_t that does all of the shape's work; DEFAULT with elementwise work left over means that none
// does.
uint32_t wanted_epilogue(const CudaProductShape& s);
// Is there an epilogue that makes all of c, by the documentation?
bool is_offered_fused(const CudaProductShape& s);

// Rows of c that are multiplied at a time are a multiple of it, so that they are as well aligned as the whole.
inline constexpr int64_t kStripRows = 8;
// Where a's columns end within a vector although its rows begin at whole ones, c's last rows are a product of their
// own: the others then read and write whole vectors alone, which the fastest algorithms demand. How many others there
// are.
int64_t rows_of_whole_vectors(const CudaProductShape& s);

// What NVIDIA advises for its newest GPUs: enough for split-K and stream-K algorithms.
inline constexpr size_t kMostWorkspaceBytes = size_t{32} << 20;

// Parts of a product's scratch, in this order, in bytes.
struct CudaProductScratch {
  CudaProductScratch(const CudaProductShape& shape, size_t most_workspace_bytes = kMostWorkspaceBytes);

  size_t workspace = 0, product = 0, sums = 0;
  // The first part where a fused product is not to be had: what cuBLASLt gets, and rows of the product.
  size_t smaller_workspace = 0, rows = 0;
  size_t all() const { return workspace + product + sums; }
};

}  // namespace convoy::cuda
