// A Matmul of one shape on cuBLASLt.
//
// Row-major c = a b is handed over as column-major c^T = b^T a^T. Two ways, chosen once:
//   fused    cuBLASLt's own epilogue makes c: bias, GELU with or without its pre-activation, GELU's derivative, and the
//            column sums that are a bias gradient
//   apart    what its epilogues or its heuristic do not offer: a plain product, then kernels/cuda/matmul_epilogue.cu
#pragma once

#include <mutex>

#include "core/ops/matmul.h"
#include "kernels/cuda/cublaslt_handles.h"
#include "kernels/cuda/cuda_stream.h"

namespace convoy::cuda {

// What of a Matmul decides its plan.
struct CudaProductShape {
  int64_t M = 0, N = 0, K = 0;
  DType input = DType::f32, output = DType::f32;
  bool a_transposed = false, b_transposed = false;
  bool accumulate = false, bias = false, pre_activation = false, column_sums = false;
  Activation activation = Activation::none, derivative_of = Activation::none;
  uint32_t alignment_a = 16, alignment_b = 16, alignment_c = 16;  // bytes that addresses are multiples of, 16 at most

  bool elementwise() const {
    return activation != Activation::none || derivative_of != Activation::none || pre_activation;
  }
  bool operator==(const CudaProductShape&) const = default;
};

// Throws InternalError, naming shapes, if the tensors do not fit together. Tensors without memory count as planned
// ones: they start aligned.
CudaProductShape cuda_product_shape(const Matmul& args);

class CudaProduct {
 public:
  struct Options {
    cublasLtHandle_t cublaslt = nullptr;
    bool tf32 = false;
    size_t workspace_limit = 0;  // bytes
  };
  CudaProduct(const CudaProductShape& shape, const Options& options);

  // Any thread. Does not look at args.scratch's size: the caller has.
  void run(Stream& stream, const Matmul& args, const Tensor& scratch) const;
  size_t scratch_bytes() const { return workspace_bytes_ + product_bytes_ + sums_bytes_; }

 private:
  bool plan(uint32_t epilogue, const Options& options);
  void make_layouts();
  bool empty() const { return shape_.M == 0 || shape_.N == 0 || shape_.K == 0; }
  // Where the plain product of the way `apart` goes: c itself where it is f32.
  bool product_in_c() const { return fused_ || shape_.output == DType::f32; }
  void multiply(Stream& stream, const Matmul& args, void* product, void* sums, void* workspace) const;

  CudaProductShape shape_;
  cublasLtHandle_t cublaslt_;
  bool fused_ = true;
  bool fused_sums_ = false;
  mutable std::mutex mutex_;  // the description holds a call's pointers
  MatmulDescription description_;
  MatrixLayout a_, b_, c_;
  cublasLtMatmulAlgo_t algorithm_{};
  size_t workspace_bytes_ = 0, product_bytes_ = 0, sums_bytes_ = 0;  // parts of scratch, in this order
};

}  // namespace convoy::cuda
