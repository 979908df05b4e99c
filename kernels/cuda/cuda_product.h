// A Matmul of one shape on cuBLASLt.
//
// Row-major c = a b is handed over as column-major c^T = b^T a^T. A way and algorithms are chosen once, kernels/cuda/
// product_choice.h: by the heuristic, or by time among candidates().
//
// How much scratch a product wants follows from its shape alone, so that memory can be planned where there is no GPU
// and no cuBLASLt to ask: it has a workspace of its own, which its algorithm need not fill. Where the heuristic turns
// out not to offer the fused product that its documentation promises and c is bf16, a product in f32 of as many rows as
// fit into half of the workspace is made at a time.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/ops/matmul.h"
#include "kernels/cuda/cublaslt_handles.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/product_choice.h"

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
  bool operator==(const CudaProductShape&) const = default;
  // One word, of all of the above.
  std::string text() const;
};

// Throws InternalError, naming shapes, if the tensors do not fit together. Tensors without memory count as planned
// ones: they start aligned.
CudaProductShape cuda_product_shape(const Matmul& args);

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

class CudaProduct {
 public:
  struct Options {
    cublasLtHandle_t cublaslt = nullptr;
    bool tf32 = false;
    size_t most_workspace_bytes = kMostWorkspaceBytes;
    bool fused = true;  // false: as if the heuristic offered no epilogue, for tests
  };
  // As the heuristic would have it: fused where it can be, column sums apart. Throws InternalError if cuBLASLt has not
  // even the plain product.
  CudaProduct(const CudaProductShape& shape, const Options& options);
  // As was chosen before. Throws InternalError if this GPU or this cuBLASLt cannot.
  CudaProduct(const CudaProductShape& shape, const Options& options, const ProductChoice& choice);
  // What is worth being timed, the heuristic's own choice first: at most kMostAlgorithms of each way. Nothing of an
  // empty product.
  static std::vector<ProductChoice> candidates(const CudaProductShape& shape, const Options& options);
  static constexpr int kMostAlgorithms = 8;

  // Any thread. Does not look at args.scratch's size: the caller has.
  void run(Stream& stream, const Matmul& args, const Tensor& scratch) const;
  const CudaProductScratch& scratch() const { return scratch_; }

 private:
  // Rows of c that are multiplied at a time.
  struct Strip {
    int64_t rows = 0;
    MatrixLayout a, c;
    ProductAlgorithm chosen;
  };
  struct Unplanned {};
  CudaProduct(Unplanned, const CudaProductShape& shape, const Options& options);

  // The ways that the shape and its alignment allow, by the documentation.
  std::vector<ProductWay> ways() const;
  // Strips and descriptions of this way.
  void lay_out(ProductWay way);
  void describe_strip(Strip& strip);
  bool choose_first(ProductWay way);
  std::vector<ProductAlgorithm> offers(const Strip& strip) const;
  size_t workspace_bytes() const { return fused_ ? scratch_.workspace : scratch_.smaller_workspace; }
  uint32_t epilogue() const;
  MatmulDescription describe() const;
  bool empty() const { return shape_.M == 0 || shape_.N == 0 || shape_.K == 0; }
  // Where the plain product of the way `apart` goes: c itself where it is f32.
  bool product_in_c() const { return fused_ || shape_.output == DType::f32; }
  Matmul rows_of(const Matmul& args, int64_t first, int64_t count) const;
  void run_strip(Stream& stream, const Strip& strip, const Matmul& args, std::byte* scratch) const;
  void multiply(Stream& stream, const Strip& strip, const Matmul& args, void* product, void* sums,
                void* workspace) const;

  CudaProductShape shape_;
  Options options_;
  bool fused_ = true;
  bool fused_sums_ = false;
  CudaProductScratch scratch_;
  size_t product_at_ = 0;     // bytes into scratch, where the product does not go to c
  mutable std::mutex mutex_;  // the description holds a call's pointers
  MatmulDescription description_;
  MatrixLayout b_;
  Strip strip_, rest_;  // rest: the last rows where they are fewer than a strip's
};

}  // namespace convoy::cuda
