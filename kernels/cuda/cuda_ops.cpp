#include "kernels/cuda/cuda_ops.h"

#include <algorithm>

#include "kernels/cuda/cuda_products.h"

namespace convoy::cuda {

CudaOps::CudaOps(const cudaDeviceProp& device, bool tf32)
    : products_(std::make_unique<CudaProducts>(device, tf32)), shared_bytes_limit_(device.sharedMemPerBlockOptin) {}

CudaOps::~CudaOps() = default;

void CudaOps::run(Stream& stream, const Matmul& args) { products_->run(stream, args); }

// One after the other: each fills the device.
void CudaOps::run(Stream& stream, const MatmulPair& args) {
  for (Matmul product : {args.first, args.second}) {
    product.scratch = args.scratch;
    products_->run(stream, product);
  }
}

size_t CudaOps::scratch_bytes(const Matmul& args) const { return products_->scratch_bytes(args); }

size_t CudaOps::scratch_bytes(const MatmulPair& args) const {
  return std::max(scratch_bytes(args.first), scratch_bytes(args.second));
}

}  // namespace convoy::cuda
