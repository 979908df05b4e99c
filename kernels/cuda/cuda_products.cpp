#include "kernels/cuda/cuda_products.h"

#include <fmt/format.h>

#include <mutex>
#include <unordered_map>

#include "core/base/error.h"
#include "kernels/cuda/cuda_product.h"

namespace convoy::cuda {

namespace {

struct ShapeHash {
  size_t operator()(const CudaProductShape& s) const {
    size_t hash = 0;
    for (const int64_t value :
         {s.M, s.N, s.K, s.a_columns, static_cast<int64_t>(s.input), static_cast<int64_t>(s.output),
          int64_t{s.a_transposed} | s.b_transposed << 1 | s.accumulate << 2 | s.bias << 3 | s.pre_activation << 4,
          static_cast<int64_t>(s.activation), static_cast<int64_t>(s.derivative_of)})
      hash = (hash ^ static_cast<size_t>(value)) * 0x9E3779B97F4A7C15u;
    return hash;
  }
};

}  // namespace

struct CudaProducts::Plans {
  CublasLt cublaslt;
  CudaProduct::Options options;
  std::mutex mutex;
  std::unordered_map<CudaProductShape, std::unique_ptr<CudaProduct>, ShapeHash> by_shape;

  const CudaProduct& get(const CudaProductShape& shape) {
    const std::lock_guard lock(mutex);
    if (!cublaslt) {
      cublaslt = open_cublaslt();
      options.cublaslt = cublaslt.get();
    }
    std::unique_ptr<CudaProduct>& plan = by_shape[shape];
    if (!plan) plan = std::make_unique<CudaProduct>(shape, options);
    return *plan;
  }
};

CudaProducts::CudaProducts(bool tf32) : plans_(std::make_unique<Plans>()) { plans_->options.tf32 = tf32; }

CudaProducts::~CudaProducts() = default;

void CudaProducts::run(Stream& stream, const Matmul& args, const Tensor& scratch) {
  const CudaProduct& plan = plans_->get(cuda_product_shape(args));
  const size_t wanted = plan.scratch().all();
  if (scratch.bytes() < wanted || (wanted > 0 && scratch.data == nullptr))
    throw InternalError(fmt::format("matmul: scratch of {} bytes, {} are needed", scratch.bytes(), wanted));
  plan.run(stream, args, scratch);
}

size_t CudaProducts::scratch_bytes(const Matmul& args) { return CudaProductScratch(cuda_product_shape(args)).all(); }

}  // namespace convoy::cuda
