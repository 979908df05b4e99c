// A Matmul of one shape on cuBLASLt.
//
// Row-major c = a b is handed over as column-major c^T = b^T a^T. A way and algorithms are chosen once, kernels/cuda/
// product_choice.h: by the heuristic, or by time among candidates().
#pragma once

#include <mutex>
#include <vector>

#include "core/ops/matmul.h"
#include "kernels/cuda/cublaslt_handles.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/product_choice.h"
#include "kernels/cuda/product_shape.h"

namespace convoy::cuda {

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
  bool empty() const { return shape_.empty(); }
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
