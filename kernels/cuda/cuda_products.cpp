#include "kernels/cuda/cuda_products.h"

#include <fmt/format.h>

#include <mutex>
#include <unordered_map>

#include "core/base/error.h"
#include "kernels/cuda/cuda_product.h"

namespace convoy::cuda {

namespace {

// What NVIDIA advises: enough for the split-K and stream-K algorithms of each generation.
size_t workspace_limit(const cudaDeviceProp& device) { return device.major >= 9 ? size_t{32} << 20 : size_t{8} << 20; }

struct ShapeHash {
  size_t operator()(const CudaProductShape& s) const {
    size_t hash = 0;
    for (const int64_t value :
         {s.M, s.N, s.K, static_cast<int64_t>(s.input), static_cast<int64_t>(s.output),
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
    std::unique_ptr<CudaProduct>& plan = by_shape[shape];
    if (!plan) plan = std::make_unique<CudaProduct>(shape, options);
    return *plan;
  }
};

CudaProducts::CudaProducts(const cudaDeviceProp& device, bool tf32) : plans_(std::make_unique<Plans>()) {
  plans_->cublaslt = open_cublaslt();
  plans_->options = {plans_->cublaslt.get(), tf32, workspace_limit(device)};
}

CudaProducts::~CudaProducts() = default;

void CudaProducts::run(Stream& stream, const Matmul& args, const Tensor& scratch) {
  const CudaProduct& plan = plans_->get(cuda_product_shape(args));
  if (scratch.bytes() < plan.scratch_bytes() || (plan.scratch_bytes() > 0 && scratch.data == nullptr))
    throw InternalError(
        fmt::format("matmul: scratch of {} bytes, {} are needed", scratch.bytes(), plan.scratch_bytes()));
  plan.run(stream, args, scratch);
}

size_t CudaProducts::scratch_bytes(const Matmul& args) { return plans_->get(cuda_product_shape(args)).scratch_bytes(); }

}  // namespace convoy::cuda
